import { readFileSync } from "node:fs";
import type { z } from "zod";
import { GlobalPointerError, type ErrorCode } from "../errors.js";

function problemOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "does not exist";
  if (code === "EISDIR") return "is a folder, not a file";
  return `cannot be read (${error instanceof Error ? error.message : String(error)})`;
}

/**
 * Reads a JSON file and checks it against a schema.
 *
 * @param code of the error when it cannot be used
 * @param remedy what the user can do about it
 * @throws GlobalPointerError naming the file, the key and what was found
 */
export function readJsonFile<S extends z.ZodType>(
  path: string, schema: S, code: ErrorCode, remedy: string,
): z.output<S> {
  const fail = (problem: string, cause?: unknown): never => {
    throw new GlobalPointerError(code, `${path} ${problem}: ${remedy}.`, { cause });
  };
  let text: string;
  try {
    text = readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    return fail(problemOf(error), error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return fail(text.trim() === "" ? "is empty" : "is not valid JSON", error);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const problem = issue?.message ?? "";
  const key = issue?.path.join(".") ?? "";
  return fail(key === "" ? `cannot be used (${problem})` : `cannot be used ("${key}": ${problem})`);
}
