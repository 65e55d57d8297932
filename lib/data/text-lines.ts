import { GlobalPointerError } from "../errors.js";
import { readLines, splitLines, type Line } from "./lines.js";
import { readId, type SampleId } from "./sample-id.js";

/** One text to predict on, with the line it came from (counted from 1). */
export interface TextLine {
  id?: SampleId;
  text: string;
  line: number;
}

function faultyLine(name: string, line: number, problem: string): GlobalPointerError {
  return new GlobalPointerError("DATA", `${name}:${line}: ${problem}`);
}

function fail(name: string, line: number, problem: string): never {
  throw faultyLine(name, line, problem);
}

function parseJsonLine(name: string, line: number, content: string): TextLine {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch {
    fail(name, line, "is not JSON, which the first line opens; write one complete JSON object on the line");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    fail(name, line, "is not a JSON object; write {\"text\": ...}");
  }
  const { id, text }: { id?: unknown; text?: unknown } = value;
  if (typeof text !== "string") fail(name, line, "has no \"text\" that is a string; add it");
  const known = readId(id, (problem) => faultyLine(name, line, problem));
  return { ...(known === undefined ? {} : { id: known }), text, line };
}

/** `{"` or `{}` opens a JSON object; hardly any sentence starts that way. */
function opensJsonObject(content: string): boolean {
  return /^\s*\{\s*["}]/.test(content);
}

/**
 * Texts line by line: JSON objects with `text` (and perhaps `id`), or plain text. The first line that is not blank
 * settles which, and the rest has to follow. Blank lines are skipped. `name` stands for the source in errors.
 *
 * @throws GlobalPointerError `DATA` naming the line.
 */
export async function* parseTextLines(lines: AsyncIterable<Line>, name: string): AsyncGenerator<TextLine> {
  let json: boolean | undefined;
  for await (const { number, text, problem } of lines) {
    if (text === undefined) fail(name, number, problem ?? "is not text");
    if (text.trim() === "") continue;
    json ??= opensJsonObject(text);
    yield json ? parseJsonLine(name, number, text) : { text, line: number };
  }
}

/** Texts of a file, or of standard input for "-" (see parseTextLines). */
export function readTextLines(path: string): AsyncGenerator<TextLine> {
  if (path === "-") return parseTextLines(splitLines(process.stdin), "standard input");
  return parseTextLines(readLines(path), path);
}
