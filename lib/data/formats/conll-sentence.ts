import { shown } from "../json-value.js";
import type { SampleId } from "../sample-id.js";
import type { Entity } from "../sample.js";
import { Columns, skipBlanks } from "./conll-columns.js";
import { isComment, isDocumentStart, isNoToken, type Layout } from "./conll-layout.js";
import { eachLine, type LineBlock } from "./line-blocks.js";
import { RecordProblem, type FileRecord } from "./record.js";
import { LayerDecoder, OUTSIDE, TagProblem, TagReader, type TokenRange } from "./tag-schemes.js";

/** What the tokens of a sentence may come to, each counted as one more than its length: more is no sentence. */
export const MAX_SENTENCE_SIZE = 1 << 24;

const [HASH, MINUS, LETTER_O] = [0x23, 0x2d, 0x4f];
const NUL_PROBLEM = "holds a NUL character; the file is damaged, or no text";

/** Frees a string of the block of lines that it was cut from, which it would keep in memory. */
function detached(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}

/** An id as the writer spells it; anything else is itself. */
export function parseId(written: string): SampleId {
  if (/^(?:0|-?[1-9]\d*)$/.test(written) && Number.isSafeInteger(Number(written))) return Number(written);
  if (!written.startsWith("\"")) return written;
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === "string" ? value : written;
  } catch {
    return written;
  }
}

/** Where the tokens begin in a text that holds them in this order and nothing else but blanks; undefined if not so. */
function findTokens(text: string, tokens: readonly string[]): number[] | undefined {
  const starts: number[] = [];
  let at = 0;
  for (const token of tokens) {
    if (!text.startsWith(token, at)) at = skipBlanks(text, at);
    if (!text.startsWith(token, at)) return undefined;
    starts.push(at);
    at += token.length;
  }
  return skipBlanks(text, at) === text.length ? starts : undefined;
}

/** Turns lines into records, one sentence at a time. */
export class SentenceReader {
  private readonly columns: Columns;
  private readonly needed: number;
  private readonly tags: TagReader;
  private readonly layers: { column: number; decoder: LayerDecoder }[];
  private notice: string | undefined;

  // Of the sentence that is being read.
  private tokens: string[] = [];
  private lines: number[] = [];
  private size = 0;
  private id: SampleId | undefined;
  private comment: { line: number; text: string } | undefined;
  private fault: { line: number; problem: string } | undefined;

  constructor(private readonly path: string, private readonly layout: Layout) {
    this.needed = Math.max(layout.tokenColumn, ...layout.tagColumns) + 1;
    this.columns = new Columns(this.needed);
    this.tags = new TagReader(layout.scheme);
    this.layers = layout.tagColumns.map((column) => ({ column, decoder: new LayerDecoder(layout.scheme) }));
    this.notice = layout.notice;
  }

  /** Takes the next lines; the records of the sentences that end in them. */
  push({ before, text, problem }: LineBlock): FileRecord[] {
    const records: FileRecord[] = [];
    if (text === undefined) {
      this.fail(before + 1, problem ?? "is not text");
      return records;
    }
    eachLine(text, before, (from, end, number) => {
      if (skipBlanks(text, from, end) === end) {
        const record = this.end();
        if (record !== undefined) records.push(record);
      } else if (this.fault === undefined) {
        this.takeLine(text, from, end, number);
      }
    });
    return records;
  }

  /** The record of the sentence that the lines so far make, if they make one. */
  end(): FileRecord | undefined {
    if (this.tokens.length === 0 && this.comment === undefined && this.fault === undefined) {
      this.id = undefined;
      return undefined;
    }
    const record = this.build();
    if (this.fault !== undefined) for (const { decoder } of this.layers) decoder.reset();
    this.tokens = [];
    this.lines = [];
    this.size = 0;
    this.id = undefined;
    this.comment = undefined;
    this.fault = undefined;
    return record;
  }

  private fail(line: number, problem: string): void {
    this.fault ??= { line, problem };
  }

  private takeLine(text: string, from: number, end: number, number: number): void {
    try {
      if (this.tokens.length === 0) {
        const first = text.charCodeAt(from);
        if ((first === HASH || first === MINUS) && this.isAhead(text.slice(from, end), number)) return;
      }
      this.takeToken(text, from, end, number);
    } catch (error) {
      if (!(error instanceof RecordProblem)) throw error;
      this.fail(error instanceof TagProblem ? this.lines[error.token] ?? number : number, error.message);
    }
  }

  /** Whether a line is none of a token, but stands ahead of the first one. */
  private isAhead(line: string, number: number): boolean {
    const { layout } = this;
    if (line.charCodeAt(0) !== HASH) return !layout.ours && isDocumentStart(line);
    if (!isComment(line, layout)) return false;
    if (line.includes("\0")) throw new RecordProblem(NUL_PROBLEM);
    const [, key = "", value = ""] = /^# ?(text|sent_id|id) ?= ?(.*)$/s.exec(line) ?? [];
    if (key === "text") this.comment = { line: number, text: detached(value) };
    else if (key !== "" && value.trim() !== "") this.id = parseId(detached(value.trim()));
    return true;
  }

  private takeToken(text: string, from: number, end: number, number: number): void {
    const { columns, layout, layers } = this;
    const count = columns.cut(text, from, end);
    if (layout.numbered && isNoToken(columns.cell(0))) return;
    if (count < this.needed || (layout.ours && count !== layout.width)) throw new RecordProblem(this.misfit(count));
    const token = this.tokenOf(columns.cell(layout.tokenColumn));
    this.size += token.length + 1;
    if (this.size > MAX_SENTENCE_SIZE) {
      throw new RecordProblem("is part of a sentence with millions of tokens; end sentences with a blank line");
    }
    const index = this.tokens.length;
    this.tokens.push(token);
    this.lines.push(number);
    for (const { column, decoder } of layers) {
      decoder.push(columns.holds(column, LETTER_O) ? OUTSIDE : this.tags.read(columns.cell(column)), index);
    }
  }

  private misfit(count: number): string {
    const { tokenColumn, tagColumns, ours, width } = this.layout;
    const found = `has ${count} column${count === 1 ? "" : "s"}`;
    if (ours && count > this.needed) return `${found}, but the file's first line names ${width}; mend either`;
    return `${found}, but ${this.needed} are needed: the token in column ${tokenColumn}, tags in column `
      + `${tagColumns.join(", ")} (from 0); complete the line, or set the format options tokenColumn and tagColumns`;
  }

  private tokenOf(cell: string): string {
    if (cell === "") throw new RecordProblem("the token is empty; write it before the tab, or remove the line");
    if (!this.layout.positionDigits) return cell;
    const last = cell.charCodeAt(cell.length - 1);
    if (cell.length > 1 && last >= 0x30 && last <= 0x39) return cell.slice(0, -1);
    throw new RecordProblem(`the token ${shown(cell)} is no character with the digit of its place behind it; mend it, `
      + "or set the format option positionDigits=false");
  }

  private build(): FileRecord {
    const { tokens, lines, comment } = this;
    const joined = tokens.join(this.layout.join);
    if (joined.includes("\0")) {
      const damaged = lines[tokens.findIndex((token) => token.includes("\0"))] ?? 0;
      if (this.fault === undefined || damaged < this.fault.line) this.fault = { line: damaged, problem: NUL_PROBLEM };
    }
    if (tokens.length === 0 && comment !== undefined) {
      this.fail(comment.line, "is a text without tokens; write them below, or remove it");
    }
    const entities = this.fault === undefined ? this.rangesOf(tokens.length) : [];
    if (this.fault !== undefined) return { place: `${this.path}:${this.fault.line}`, problem: this.fault.problem };

    const found = comment === undefined ? undefined : findTokens(comment.text, tokens);
    const text = found === undefined || comment === undefined ? joined : comment.text;
    const notices: string[] = [];
    if (this.notice !== undefined) notices.push(this.notice);
    this.notice = undefined; // it is about the file, and told once
    if (comment !== undefined && found === undefined) {
      notices.push("the tokens are not those of the comment \"# text\"; the text was put together of them");
    }
    return {
      place: `${this.path}:${lines[0] ?? 0}`,
      sample: {
        ...(this.id === undefined ? {} : { id: this.id }), text, labelled: true,
        entities: this.placed(entities, found),
      },
      ...(notices.length === 0 ? {} : { notices }),
    };
  }

  /** The entities of all layers, as tokens; a fault when one does not end. */
  private rangesOf(tokens: number): TokenRange[] {
    try {
      const [first, ...others] = this.layers.map(({ decoder }) => decoder.finish(tokens));
      return others.length === 0 ? first ?? [] : [first ?? [], ...others].flat()
        .sort((a, b) => a.first - b.first || b.last - a.last);
    } catch (error) {
      if (!(error instanceof TagProblem)) throw error;
      this.fail(this.lines[error.token] ?? 0, error.message);
      return [];
    }
  }

  /** @param found where the tokens begin; absent when they were joined */
  private placed(ranges: readonly TokenRange[], found: readonly number[] | undefined): Entity[] {
    if (ranges.length === 0) return [];
    const { tokens } = this;
    let starts = found;
    if (starts === undefined) {
      let at = -this.layout.join.length;
      let before = "";
      starts = tokens.map((token) => {
        at += before.length + this.layout.join.length;
        before = token;
        return at;
      });
    }
    const startOf = (token: number): number => starts[token] ?? 0;
    return ranges.map(({ first, last, type }) => (
      { start: startOf(first), end: startOf(last) + (tokens[last] ?? "").length, type }
    ));
  }
}
