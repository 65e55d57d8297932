import type { z } from "zod";
import { shown } from "../data/json-value.js";
import { suggestion } from "./known-keys.js";

type Issue = z.core.$ZodIssue;

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  let value = raw;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.entries(value).find(([name]) => name === String(key))?.[1];
  }
  return value;
}

/** Key path as a person writes it: `data.entityTypes[2]`. */
function dotted(path: readonly PropertyKey[]): string {
  return path.reduce<string>((written, key) => {
    if (typeof key === "number") return `${written}[${key}]`;
    return written === "" ? String(key) : `${written}.${String(key)}`;
  }, "");
}

/** One line per problem: the key, what was found there and what is allowed. */
export function problemLines(issue: Issue, raw: unknown): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = dotted([...issue.path, key]);
      return `${path}: unknown key${suggestion(path)}`;
    });
  }
  const key = issue.path.length === 0 ? "the config" : dotted(issue.path);
  const value = valueAt(raw, issue.path);
  // Contradictions between keys, and keys refused outright, are told in full by the schema.
  const refused = issue.code === "invalid_type" && issue.expected === "never";
  if (issue.code === "custom" || refused) {
    return [value === undefined ? `${key}: ${issue.message}` : `${key}: ${shown(value, 60)} ${issue.message}`];
  }
  if (value === undefined) return [`${key}: missing; allowed: ${issue.message}`];
  return [`${key}: found ${shown(value, 60)}; allowed: ${issue.message}`];
}
