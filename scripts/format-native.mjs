#!/usr/bin/env node
// Formats native/ with clang-format; --check only tells what is not formatted, with exit code 1.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { listFiles } from "./setup/fingerprint.mjs";
import { findOnPath } from "./setup/run-command.mjs";

const unknown = process.argv.slice(2).filter((argument) => argument !== "--check");
if (unknown.length > 0) {
  process.stderr.write(`format-native: unknown argument ${unknown.join(" ")}; the only flag is --check\n`);
  process.exit(2);
}
const check = process.argv.includes("--check");
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const files = listFiles(root, ["native", path.join("test", "native")]).filter((file) => /\.(h|cc|cu|cuh)$/.test(file));

const clangFormat = process.env["CLANG_FORMAT"] ?? findOnPath("clang-format");
if (clangFormat === undefined || clangFormat === "") {
  process.stdout.write(
    `format-native: ${files.length} files not looked at, clang-format is not on the PATH `
    + "(apt-get install clang-format, or pip install clang-format)\n",
  );
  process.exit(check ? 0 : 1);
}
if (files.length === 0) {
  process.stdout.write("format-native: there are no native sources\n");
  process.exit(0);
}
const mode = check ? ["--dry-run", "--Werror"] : ["-i"];
const { status, error } = spawnSync(clangFormat, [...mode, "--style=file", ...files], { cwd: root, stdio: "inherit" });
if (error !== undefined) {
  process.stderr.write(`format-native: ${clangFormat} does not start (${error.message})\n`);
  process.exit(1);
}
if (status === 0) {
  process.stdout.write(`format-native: ${files.length} files ${check ? "are formatted" : "formatted"}\n`);
} else if (check) {
  process.stderr.write("format-native: npm run format mends this\n");
}
process.exit(status ?? 1);
