import { createReadStream, statSync, type Stats } from "node:fs";
import { GlobalPointerError } from "../errors.js";

/** One line of a text file, without its end (LF or CRLF). */
export interface Line {
  /** Counted from 1. */
  number: number;
  /** Undefined when the bytes cannot be taken as text. */
  text: string | undefined;
  /** Why they cannot, and the remedy; present only then. */
  problem?: string;
}

const LF = 0x0a;
const CR = 0x0d;
const CHUNK_BYTES = 1 << 18;
/** A longer line is refused: it would hardly be one, and a JavaScript string has its own limit not far above. */
export const MAX_LINE_BYTES = 64 << 20;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const chineseDecoder = new TextDecoder("gb18030", { fatal: true });

/** Names the encoding that bytes which are not UTF-8 seem to have; `number` is that of their line. */
export function encodingProblem(bytes: Uint8Array, number: number): string {
  const [first, second] = bytes;
  if (number === 1 && ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))) {
    return "is not UTF-8 but UTF-16; save the file as UTF-8";
  }
  let chinese = false;
  try {
    chinese = /\p{sc=Han}/u.test(chineseDecoder.decode(bytes));
  } catch {
    // not that encoding either
  }
  return chinese
    ? "is not UTF-8 but seems to be GBK; save the file as UTF-8 (iconv -f GB18030 -t UTF-8)"
    : "is not UTF-8; save the file as UTF-8";
}

function decodeLine(bytes: Uint8Array, number: number): Line {
  const end = bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
  const content = bytes.subarray(0, end);
  try {
    const text = decoder.decode(content);
    return { number, text: number === 1 && text.startsWith("\ufeff") ? text.slice(1) : text };
  } catch {
    return { number, text: undefined, problem: encodingProblem(content, number) };
  }
}

/**
 * Splits bytes into lines at LF alone (U+2028 and the like are text), holding one line at most. A byte order mark at
 * the very start is dropped.
 */
class LineSplitter {
  private number = 0;
  private pieces: Uint8Array[] = [];
  private held = 0; // bytes of a line that is not complete yet, kept or not

  /** The lines that a further chunk completes. */
  * push(chunk: Uint8Array): Generator<Line> {
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      const rest = chunk.subarray(from, at);
      from = at + 1;
      yield this.held === 0 ? decodeLine(rest, ++this.number) : this.finish(rest);
    }
    if (from < chunk.length) this.hold(chunk.subarray(from));
  }

  /** The line that no LF ends. */
  * end(): Generator<Line> {
    if (this.held > 0) yield this.finish(new Uint8Array(0));
  }

  private hold(bytes: Uint8Array): void {
    this.held += bytes.length;
    if (this.held <= MAX_LINE_BYTES) this.pieces.push(bytes);
    else this.pieces = []; // only its length is of interest now
  }

  private finish(rest: Uint8Array): Line {
    this.hold(rest);
    const [bytes, pieces] = [this.held, this.pieces];
    this.held = 0;
    this.pieces = [];
    const number = ++this.number;
    if (bytes <= MAX_LINE_BYTES) return decodeLine(Buffer.concat(pieces), number);
    const megabytes = (size: number): string => `${Math.round(size / (1 << 20))} MiB`;
    return {
      number, text: undefined,
      problem: `is ${megabytes(bytes)} long, more than the ${megabytes(MAX_LINE_BYTES)} that a line may have; split `
        + "the text, or save the file with LF line ends",
    };
  }
}

/** The lines of a stream of bytes, one by one. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const splitter = new LineSplitter();
  for await (const chunk of chunks) yield* splitter.push(chunk);
  yield* splitter.end();
}

/** What stands in the way of reading a file. */
export function openProblem(path: string, error: unknown): GlobalPointerError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const problem = code === "ENOENT" ? "there is no such file"
    : code === "EISDIR" ? "is a folder, not a file"
      : code === "ENOTDIR" ? "part of the path is a file, not a folder"
        : code === "EACCES" ? "may not be read by this user"
          : `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  return new GlobalPointerError("DATA", `${path}: ${problem}; check the path`, { cause: error });
}

/** What there is at a path; undefined when nothing is. @throws GlobalPointerError `DATA` when that cannot be told */
export function statInput(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw openProblem(path, error);
  }
}

/**
 * The bytes of a file, chunk by chunk.
 *
 * @throws GlobalPointerError `DATA` when the file cannot be read.
 */
export async function* readChunks(path: string): AsyncGenerator<Uint8Array> {
  const chunks: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  try {
    yield* chunks;
  } catch (error) {
    throw openProblem(path, error);
  }
}

/** The lines of a file, one by one. @throws GlobalPointerError `DATA` when the file cannot be read. */
export function readLines(path: string): AsyncGenerator<Line> {
  return splitLines(readChunks(path));
}

/**
 * The same, a chunk's lines at a time: waiting for each line by itself would take longer than reading it.
 *
 * @throws GlobalPointerError `DATA` when the file cannot be read.
 */
export async function* readLineGroups(path: string): AsyncGenerator<Iterable<Line>> {
  const splitter = new LineSplitter();
  for await (const chunk of readChunks(path)) yield splitter.push(chunk);
  yield splitter.end();
}
