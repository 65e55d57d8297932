import { MAX_LINE_BYTES, readChunks, splitLines, type Line } from "../lines.js";

/*
 * The lines of a file for readers that do little with each: to decode many at once and to build no object for each is
 * several times faster. Only where something is wrong are they taken one by one.
 */

/** Lines laid end to end, or one that cannot be taken as text. */
export interface LineBlock {
  /** How many lines stand before these in the file. */
  before: number;
  /** Undefined for a line with a problem. */
  text: string | undefined;
  problem?: string;
}

const LF = 0x0a;
const CR = 0x0d;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const firstDecoder = new TextDecoder("utf-8", { fatal: true }); // drops a byte order mark

function decode(bytes: Uint8Array, before: number): LineBlock | undefined {
  try {
    return { before, text: (before === 0 ? firstDecoder : decoder).decode(bytes) };
  } catch {
    return undefined;
  }
}

/** Line by line, each with its own problem. */
async function* decodeSlowly(chunks: AsyncIterable<Uint8Array>, before: number): AsyncGenerator<LineBlock> {
  // What is particular to a file's first line must not be applied to this one: an empty line takes that place.
  const added = before === 0 ? 0 : 1;
  const source = async function* (): AsyncGenerator<Uint8Array> {
    if (added > 0) yield Uint8Array.of(LF);
    yield* chunks;
  };
  for await (const { number, text, problem } of splitLines(source())) {
    if (number <= added) continue;
    const place = { before: number - added - 1 + before };
    if (text === undefined) yield { ...place, text, problem: problem ?? "is not text" };
    else yield { ...place, text: `${text}\r\n` }; // not LF alone: the text may end in another CR
  }
}

async function* inOrder(held: Uint8Array[], rest?: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* held;
  if (rest !== undefined) yield* rest;
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) if (bytes[at] === LF) count++;
  return count;
}

/**
 * The lines of a file, as readLines of lines.ts gives them, many at a time.
 *
 * @throws GlobalPointerError `DATA` when the file cannot be read.
 */
export async function* readLineBlocks(path: string): AsyncGenerator<LineBlock> {
  let before = 0;
  let held: Uint8Array[] = []; // the beginning of a line
  let size = 0;
  const chunks = readChunks(path);
  for await (const chunk of chunks) {
    if (size + chunk.length > MAX_LINE_BYTES) {
      yield* decodeSlowly(inOrder([...held, chunk], chunks), before);
      return;
    }
    const end = chunk.lastIndexOf(LF) + 1;
    if (end > 0) {
      const bytes = Buffer.concat([...held, chunk.subarray(0, end)]);
      const block = decode(bytes, before);
      if (block === undefined) yield* decodeSlowly(inOrder([bytes]), before);
      else yield block;
      before += countLines(bytes);
      held = [];
      size = 0;
    }
    if (end < chunk.length) held.push(chunk.subarray(end));
    size += chunk.length - end;
  }
  if (size === 0) return;
  const bytes = Buffer.concat(held);
  const block = decode(bytes, before);
  if (block === undefined) yield* decodeSlowly(inOrder([bytes]), before);
  else yield block;
}

/** Calls `take` for each line of a text with where it begins and ends in it, without its LF or CRLF. */
export function eachLine(
  text: string, before: number, take: (from: number, end: number, number: number) => void,
): void {
  let number = before;
  for (let from = 0; from < text.length;) {
    let next = from;
    while (next < text.length && text.charCodeAt(next) !== LF) next++;
    take(from, next > from && text.charCodeAt(next - 1) === CR ? next - 1 : next, ++number);
    from = next + 1;
  }
}

/** The lines of a block as single ones. */
export function linesOf({ before, text, problem }: LineBlock): Line[] {
  if (text === undefined) return [{ number: before + 1, text, ...(problem === undefined ? {} : { problem }) }];
  const lines: Line[] = [];
  eachLine(text, before, (from, end, number) => lines.push({ number, text: text.slice(from, end) }));
  return lines;
}
