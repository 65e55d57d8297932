import { isObject, shown } from "../json-value.js";
import { encodingProblem, MAX_LINE_BYTES, readChunks, readLineGroups } from "../lines.js";
import { readId, type SampleId } from "../sample-id.js";
import { recordAt, RecordProblem, type FileRecord, type FileSample } from "./record.js";

/*
 * Files of JSON objects: one a line, or all in one list. Either is read a record at a time.
 */

/** One element of the file: its JSON text, or why there is none. */
interface JsonText {
  /** Of the element's first character, from 1. */
  line: number;
  json?: string;
  problem?: string;
}

const BLANKS = new Set([0x20, 0x09, 0x0a, 0x0d]);
const [LF, QUOTE, BACKSLASH, COMMA] = [0x0a, 0x22, 0x5c, 0x2c];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whether the first character that is not blank, behind a byte order mark, opens a list. */
async function opensList(path: string): Promise<boolean> {
  let start = true;
  for await (const chunk of readChunks(path)) {
    const marked = start && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    const first = chunk.subarray(marked ? 3 : 0).find((byte) => !BLANKS.has(byte));
    if (first !== undefined) return first === OPEN_LIST;
    start = false;
  }
  return false;
}

/** Finds the elements of a JSON list in a stream of bytes, without building anything. */
class ListScanner {
  private line = 1;
  private state: "before" | "element" | "between" | "after" | "given-up" = "before";
  private elementLine = 1;
  private depth = 0;
  /** Whether the element has had its last bracket, so that only a comma may follow. */
  private closed = false;
  private commaMissing = false;
  private inString = false;
  private escaped = false;
  private pieces: Uint8Array[] = [];
  private held = 0;

  * push(chunk: Uint8Array): Generator<JsonText> {
    let elementStart = this.state === "element" ? 0 : -1;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === LF) this.line++;
      if (this.state === "element") {
        if (this.inString) {
          if (this.escaped) this.escaped = false;
          else if (byte === BACKSLASH) this.escaped = true;
          else if (byte === QUOTE) this.inString = false;
          continue;
        }
        if (byte === QUOTE) this.inString = true;
        else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
          if (this.closed) {
            yield this.finish(chunk.subarray(elementStart, at));
            elementStart = at;
            this.elementLine = this.line;
            this.commaMissing = true;
          }
          this.depth++;
        } else if (this.depth > 0 && (byte === CLOSE_LIST || byte === CLOSE_OBJECT)) this.closed = --this.depth === 0;
        else if (this.depth === 0 && (byte === COMMA || byte === CLOSE_LIST)) {
          yield this.finish(chunk.subarray(elementStart, at));
          elementStart = -1;
          this.state = byte === COMMA ? "between" : "after";
        }
        continue;
      }
      if (BLANKS.has(byte)) continue;
      if (this.state === "after") {
        yield { line: this.line, problem: "follows the end of the list; remove it" };
        this.state = "given-up";
      }
      if (this.state === "given-up") return;
      if (this.state === "before") {
        if (byte === OPEN_LIST) this.state = "between"; // the byte order mark stands before it
        continue;
      }
      if (byte === CLOSE_LIST) {
        this.state = "after";
        continue;
      }
      this.state = "element";
      this.elementLine = this.line;
      elementStart = at;
      at--; // it is looked at again, as part of the element
    }
    if (elementStart >= 0) this.hold(chunk.subarray(elementStart));
  }

  * end(): Generator<JsonText> {
    if (this.state === "element" || this.state === "between") {
      yield { line: this.line, problem: "the list does not end: the file is cut short; bring back the whole file" };
    }
  }

  private hold(bytes: Uint8Array): void {
    this.held += bytes.length;
    if (this.held <= MAX_LINE_BYTES) this.pieces.push(bytes);
    else this.pieces = [];
  }

  private finish(rest: Uint8Array): JsonText {
    this.hold(rest);
    const line = this.elementLine;
    const { held, pieces, commaMissing } = this;
    this.held = 0;
    this.pieces = [];
    this.closed = this.commaMissing = false;
    if (commaMissing) return { line, problem: "no comma stands before it; write one between two records" };
    if (held > MAX_LINE_BYTES) {
      return { line, problem: `is longer than ${MAX_LINE_BYTES >> 20} MiB; split the text` };
    }
    const bytes = Buffer.concat(pieces);
    try {
      return { line, json: decoder.decode(bytes) };
    } catch {
      return { line, problem: encodingProblem(bytes, line) };
    }
  }
}

async function* listElements(path: string): AsyncGenerator<Iterable<JsonText>> {
  const scanner = new ListScanner();
  for await (const chunk of readChunks(path)) yield scanner.push(chunk);
  yield scanner.end();
}

async function* jsonLines(path: string): AsyncGenerator<Iterable<JsonText>> {
  for await (const lines of readLineGroups(path)) {
    yield (function* (): Generator<JsonText> {
      for (const { number, text, problem } of lines) {
        if (text === undefined) yield { line: number, problem: problem ?? "is not text" };
        else if (text.trim() !== "") yield { line: number, json: text };
      }
    })();
  }
}

function parseObject(json: string, inList: boolean, example: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new RecordProblem(json.includes("\0")
      ? "is not JSON but holds a NUL character; the file is damaged, or no text"
      : `is not JSON; write one complete JSON object ${inList ? "between two commas" : "on the line"}`);
  }
  if (isObject(value)) return value;
  throw new RecordProblem(`is ${shown(value)}, not an object; write ${example}`);
}

/** @throws RecordProblem */
export function requireText(record: Record<string, unknown>): string {
  const text = record["text"];
  if (text === undefined) throw new RecordProblem("has no \"text\"; add it");
  if (typeof text !== "string") throw new RecordProblem(`"text" is ${shown(text)}; write it as a string`);
  if (text === "") throw new RecordProblem("\"text\" is empty; remove the line or give its text");
  return text;
}

/** `{ id }` where there is one. @throws RecordProblem */
export function idOf(value: unknown): { id?: SampleId } {
  const id = readId(value, (problem) => new RecordProblem(problem));
  return id === undefined ? {} : { id };
}

/** Runs `read`; a value that is nested beyond the stack, which JSON.parse takes, is a fault of the record. */
function withinStack<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!String(error).startsWith("RangeError: Maximum call stack")) throw error;
    throw new RecordProblem("is nested too deeply; the file is damaged, or no annotated texts");
  }
}

/**
 * Streams the records of a file of JSON objects: JSON lines, or one list of objects.
 *
 * @param example of a record, for messages
 * @param read makes a sample of one object, or throws RecordProblem; `notice` takes oddities that it passes over
 * @throws GlobalPointerError `DATA` when the file cannot be read
 */
export async function* readJsonRecords(
  path: string, example: string,
  read: (record: Record<string, unknown>, notice: (text: string) => void) => FileSample,
): AsyncGenerator<FileRecord> {
  const inList = await opensList(path);
  for await (const group of inList ? listElements(path) : jsonLines(path)) {
    for (const { line, json = "", problem } of group) {
      const place = `${path}:${line}`;
      if (problem !== undefined) {
        yield { place, problem };
        continue;
      }
      const notices: string[] = [];
      const record = recordAt(
        place, () => withinStack(() => read(parseObject(json, inList, example), (text) => notices.push(text))),
      );
      yield notices.length === 0 ? record : { ...record, notices };
    }
  }
}
