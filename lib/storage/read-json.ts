import { readFileSync } from "node:fs";
import { z } from "zod";
import { GlobalPointerError, type ErrorCode } from "../errors.js";

/**
 * Reads a JSON file and checks it against a schema.
 *
 * @param code of the error when it cannot be used
 * @param remedy what the user can do about it
 * @throws GlobalPointerError naming the file, the key and what was found
 */
export function readJsonFile<S extends z.ZodType>(path: string, schema: S, code: ErrorCode, remedy: string): z.output<S> {
  const fail = (problem: string, cause?: unknown): never => {
    throw new GlobalPointerError(code, `${path} ${problem}: ${remedy}.`, { cause });
  };
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    fail(missing ? "does not exist" : `cannot be read (${error instanceof Error ? error.message : String(error)})`, error);
  }
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    fail(text.trim() === "" ? "is empty" : "is not valid JSON", error);
  }
  const checked = schema.safeParse(value);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const key = issue?.path.join(".") ?? "";
  return fail(key === "" ? `cannot be used (${issue?.message ?? ""})` : `has a faulty "${key}" (${issue?.message ?? ""})`);
}
