#!/usr/bin/env node
import path from "node:path";
import { fileURLToPath } from "node:url";
import { HELP, parseOptions } from "./setup/options.mjs";
import { projectPaths } from "./setup/project-paths.mjs";
import { Reporter } from "./setup/reporter.mjs";
import { setUp } from "./setup/set-up.mjs";
import { SetupError } from "./setup/setup-error.mjs";

try {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) {
    process.stdout.write(HELP);
  } else {
    const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
    await setUp({ paths: projectPaths(root), options, reporter: new Reporter(options), env: process.env });
  }
} catch (error) {
  if (!(error instanceof SetupError)) {
    throw error;
  }
  process.stderr.write(`gp-setup: ${error.message}\n`);
  process.exitCode = 1;
}
