import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { findJsonFault } from "./json-fault.js";
import { problemLines } from "./messages.js";
import { applyOverride, parseOverride, type Override } from "./overrides.js";
import { pathKeys, schemaFor, type Config } from "./schema.js";

/** A config with every default filled in and every path absolute. */
export type ResolvedConfig = Config;

function readText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const problem = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "is a folder" : String(error);
    throw new GlobalPointerError("CONFIG", `${path}: ${problem}; give the path of a config file`, { cause: error });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new GlobalPointerError("CONFIG", `${path}: is not UTF-8 text; save it as UTF-8`, { cause: error });
  }
}

/** Reads the file as JSON without judging its keys. */
function readRaw(path: string): unknown {
  const text = readText(path);
  if (text.trim() === "") {
    throw new GlobalPointerError("CONFIG", `${path}: the file is empty; see docs/configuration.md for what it holds`);
  }
  const fault = findJsonFault(text);
  if (fault !== undefined) {
    const place = `${path}:${fault.line}:${fault.column}`;
    throw new GlobalPointerError("CONFIG", `${place}: not valid JSON: ${fault.problem}; mend that place`);
  }
  const raw: unknown = JSON.parse(text);
  return raw;
}

function refuse(path: string, problems: string[]): never {
  const lines = [`${path} cannot be used:`, ...problems.map((line) => `  ${line}`)];
  throw new GlobalPointerError("CONFIG", lines.join("\n"));
}

/**
 * Makes the paths of a raw config absolute: one written in the file is meant from the file's folder, one given with
 * `--set` from the working directory.
 */
function resolvePaths(raw: unknown, overrides: readonly Override[], folder: string): unknown {
  return pathKeys.reduce((config, path) => {
    const value = path.split(".").reduce<unknown>(
      (inner, key) => typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined, config,
    );
    if (typeof value !== "string" || value === "") return config;
    const overridden = overrides.some((given) => given.path === path || path.startsWith(`${given.path}.`));
    return applyOverride(config, { path, value: overridden ? resolve(value) : resolve(folder, value) });
  }, raw);
}

/**
 * Reads a config file, puts the `--set` overrides (`a.b.c=value`) on top, checks it and fills in the defaults.
 * A relative path in the file is taken from the file's folder, one in an override from the working directory.
 *
 * @throws GlobalPointerError `CONFIG`: the file is missing, empty or not JSON, or one line for each key that is
 * missing, unknown or holds what it may not.
 */
export function loadConfig(path: string, overrides: readonly string[] = []): ResolvedConfig {
  const folder = dirname(resolve(path));
  const parsed = overrides.map(parseOverride);
  const sets = parsed.filter((item) => typeof item !== "string");
  const wrong = parsed.filter((item) => typeof item === "string");
  const raw = sets.reduce(applyOverride, readRaw(path));
  const checked = schemaFor(raw).safeParse(raw);
  if (!checked.success) wrong.push(...checked.error.issues.flatMap((issue) => problemLines(issue, raw)));
  if (!checked.success || wrong.length > 0) refuse(path, wrong);
  // Defaults are filled in by now, so that a default path is made absolute like any other.
  const resolved = schemaFor(raw).safeParse(resolvePaths(checked.data, sets, folder));
  if (!resolved.success) refuse(path, resolved.error.issues.flatMap((issue) => problemLines(issue, raw)));
  return resolved.data;
}
