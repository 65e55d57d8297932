import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { GlobalPointerError } from "../errors.js";
import { outputError } from "../storage/output-error.js";
import { writeWholeFile } from "../storage/whole-file.js";

// Files of JSON lines that grow while a training runs.

/** @throws GlobalPointerError `OUTPUT` */
export function appendLine(path: string, record: unknown): void {
  appendText(path, `${JSON.stringify(record)}\n`);
}

/** Makes the file, where there is none, without a line. @throws GlobalPointerError `OUTPUT` */
export function makeFile(path: string): void {
  appendText(path, "");
}

function appendText(path: string, text: string): void {
  try {
    appendFileSync(path, text);
  } catch (error) {
    throw outputError(path, error);
  }
}

/**
 * What each line holds; undefined for one that is not JSON, such as one that a crash cut short.
 *
 * @throws GlobalPointerError `OUTPUT`
 */
export function readLines(path: string): unknown[] {
  return linesOf(path).map(parsed);
}

/** Drops the lines that are not to be kept. @throws GlobalPointerError `OUTPUT` */
export function keepLines(path: string, keep: (record: unknown) => boolean): void {
  if (!existsSync(path)) return;
  const kept = linesOf(path).filter((line) => keep(parsed(line)));
  writeWholeFile(path, kept.map((line) => `${line}\n`).join(""));
}

function linesOf(path: string): string[] {
  if (!existsSync(path)) return [];
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new GlobalPointerError("OUTPUT", `Cannot read ${path}: ${reason}; mend or remove it.`, { cause: error });
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
