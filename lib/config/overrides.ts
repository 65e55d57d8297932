import { isObject } from "../data/json-value.js";
import { knownKeys, suggestion } from "./known-keys.js";

/** One `--set a.b.c=value`. */
export interface Override {
  path: string;
  value: unknown;
}

/** A value is JSON where it parses as JSON, else text: `3`, `true`, `[1]`, `"3"`, but also `cuda:0`. */
function parseValue(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}

/** Reads `key=value`; gives a line that says what is wrong instead when there is no such key. */
export function parseOverride(argument: string): Override | string {
  const equals = argument.indexOf("=");
  if (equals <= 0) return `--set ${argument}: write it as key=value, such as training.epochs=3`;
  const path = argument.slice(0, equals).trim();
  if (!knownKeys().some((key) => key.path === path)) return `--set ${path}: unknown key${suggestion(path)}`;
  return { path, value: parseValue(argument.slice(equals + 1)) };
}

/**
 * A copy of the raw config with the value in place; sections that are missing on the way are made, and whatever is not
 * a section on the way gives way to one.
 */
export function applyOverride(raw: unknown, { path, value }: Override): unknown {
  const [first = "", ...rest] = path.split(".");
  const section = isObject(raw) ? raw : {};
  const inner = rest.length === 0 ? value : applyOverride(section[first], { path: rest.join("."), value });
  return { ...section, [first]: inner };
}
