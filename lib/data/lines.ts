import { createReadStream } from "node:fs";
import { GlobalPointerError } from "../errors.js";

/** One line of a text file, without its end (LF or CRLF). */
export interface Line {
  /** Counted from 1. */
  number: number;
  /** Undefined when the bytes are not UTF-8. */
  text: string | undefined;
}

const LF = 0x0a;
const CR = 0x0d;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeLine(bytes: Uint8Array, number: number): Line {
  const end = bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
  try {
    const text = decoder.decode(bytes.subarray(0, end));
    return { number, text: number === 1 && text.startsWith("\ufeff") ? text.slice(1) : text };
  } catch {
    return { number, text: undefined };
  }
}

/**
 * Splits bytes into lines at LF alone (U+2028 and the like are text), without holding more than one line and one
 * chunk. A byte order mark at the very start is dropped.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let number = 0;
  let pieces: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      const rest = chunk.subarray(from, at);
      const bytes = pieces.length === 0 ? rest : Buffer.concat([...pieces, rest]);
      pieces = [];
      from = at + 1;
      yield decodeLine(bytes, ++number);
    }
    if (from < chunk.length) pieces.push(chunk.subarray(from));
  }
  if (pieces.length > 0) yield decodeLine(Buffer.concat(pieces), number + 1);
}

function openProblem(path: string, error: unknown): GlobalPointerError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const problem = code === "ENOENT" ? "there is no such file"
    : code === "EISDIR" ? "is a folder, not a file"
      : code === "EACCES" ? "may not be read by this user"
        : `cannot be read (${error instanceof Error ? error.message : String(error)})`;
  return new GlobalPointerError("DATA", `${path}: ${problem}; check the path`, { cause: error });
}

/**
 * The lines of a file.
 *
 * @throws GlobalPointerError `DATA` when the file cannot be read.
 */
export async function* readLines(path: string): AsyncGenerator<Line> {
  const chunks: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: 1 << 18 });
  try {
    yield* splitLines(chunks);
  } catch (error) {
    throw error instanceof GlobalPointerError ? error : openProblem(path, error);
  }
}
