import { GlobalPointerError } from "../../errors.js";
import { Columns, skipBlanks } from "./conll-columns.js";
import { linesOf, readLineBlocks } from "./line-blocks.js";
import type { FormatOptions } from "./options.js";
import { isBareTag, parseTag, type Scheme } from "./tag-schemes.js";

/*
 * How a file of columns is laid out: as the options say, else as a bounded beginning of it shows.
 */

/** Characters of the beginning that is looked at; a longer line in it tells nothing. */
const LOOKED_AT = 1 << 16;
const MAX_COLUMNS = 256;
/** Fewer tokens, or a smaller share of them, do not show that all end in the digit of their place. */
const POSITIONED = { tokens: 20, share: 0.95 };
/** Characters between which no blank is written, for a class of a regular expression. Hangul is not among them. */
export const CJK_CLASS = "\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Bopomofo}\\u3001-\\u303f\\uff01-\\uff65";
const CJK = new RegExp(`[${CJK_CLASS}]`, "u");

export interface Layout {
  tokenColumn: number;
  tagColumns: readonly number[];
  scheme: Scheme;
  join: "" | " ";
  positionDigits: boolean;
  /** Column 0 counts the tokens of a sentence. */
  numbered: boolean;
  /** The number of columns: of the most lines, or of every line in a file of our writer. */
  width: number;
  /** Whether our writer made the file, so that nothing has to be guessed. */
  ours: boolean;
  /** Something odd about the file. */
  notice?: string;
}

/** The first line of a file that our writer made: how many layers it has, and its scheme. */
export function headerLine(layers: number, scheme: Scheme): string {
  return `# columns = token${" tag".repeat(layers)}; scheme = ${scheme}`;
}

function readHeader(line: string): { layers: number; scheme: Scheme } | undefined {
  const match = /^# columns = token((?: tag)+); scheme = (bio|iob1|bioes|bmes)$/.exec(line);
  const [, tags = "", scheme = ""] = match ?? [];
  return match === null ? undefined : { layers: tags.length / " tag".length, scheme: scheme as Scheme };
}

/** A line that does not count: an id such as 3-4 (a word of several tokens) or 5.1 (one that is not in the text). */
export function isNoToken(id: string): boolean {
  return /^\d+[-.]\d+$/.test(id);
}

/** The line that stands between documents. */
export function isDocumentStart(line: string): boolean {
  return line.startsWith("-DOCSTART-") && /^(?:\s|$)/.test(line.slice("-DOCSTART-".length));
}

/** Whether a line that begins with `#`, ahead of a sentence's first token, is a comment and not the token `#`. */
export function isComment(line: string, layout: Pick<Layout, "ours" | "numbered" | "tagColumns" | "width">): boolean {
  if (layout.ours) return line.startsWith("# ");
  if (layout.numbered || /^# ?[^\s=]+ = /.test(line)) return true;
  const columns = new Columns(MAX_COLUMNS);
  const width = columns.cut(line);
  const tagged = width > Math.max(...layout.tagColumns)
    && layout.tagColumns.every((column) => isTagLike(columns.cell(column).trim()));
  // Comments are prose, in which there are blanks but hardly tabs.
  return line.includes("\t") ? !tagged && width !== layout.width : !tagged || width !== layout.width;
}

function isTagLike(cell: string): boolean {
  return parseTag(cell) !== undefined || isBareTag(cell);
}

/** The lines of the beginning, and the first of its problems. */
interface Beginning {
  lines: string[];
  problem?: string;
}

async function readBeginning(path: string): Promise<Beginning> {
  const lines: string[] = [];
  let problem: string | undefined;
  let seen = 0;
  for await (const block of readLineBlocks(path)) {
    for (const { number, text, problem: fault } of linesOf(block)) {
      if (text === undefined) problem ??= `${path}:${number}: ${fault ?? "is not text"}`;
      else if (text.length <= LOOKED_AT) lines.push(text);
      seen += text?.length ?? LOOKED_AT;
      if (seen >= LOOKED_AT) return { lines, ...(problem === undefined ? {} : { problem }) };
    }
  }
  return { lines, ...(problem === undefined ? {} : { problem }) };
}

/** The columns of the lines, sentence by sentence, without `-DOCSTART-` and without what `skips` names. */
function sentencesOf(lines: readonly string[], skips: (line: string) => boolean): string[][][] {
  const sentences: string[][][] = [];
  const columns = new Columns(MAX_COLUMNS);
  let sentence: string[][] = [];
  for (const line of lines) {
    if (skipBlanks(line, 0) === line.length) {
      if (sentence.length > 0) sentences.push(sentence);
      sentence = [];
      continue;
    }
    if (sentence.length === 0 && (isDocumentStart(line) || (line.startsWith("#") && skips(line)))) continue;
    const width = Math.min(columns.cut(line), MAX_COLUMNS);
    sentence.push(Array.from({ length: width }, (_, column) => columns.cell(column)));
  }
  if (sentence.length > 0) sentences.push(sentence);
  return sentences;
}

/** Whether in most lines the first of at least three columns counts 1, 2, 3 ... in each sentence. */
function isNumbered(sentences: readonly string[][][]): boolean {
  let rows = 0;
  let counting = 0;
  for (const sentence of sentences) {
    let before = 0;
    for (const [id = "", ...others] of sentence) {
      if (isNoToken(id)) continue;
      rows++;
      if (others.length >= 2 && id === String(before + 1)) counting++;
      before = /^\d{1,9}$/.test(id) ? Number(id) : before + 1;
    }
  }
  return 2 * counting > rows;
}

function mostFrequent(numbers: Iterable<number>): number {
  const counts = new Map<number, number>();
  for (const number of numbers) counts.set(number, (counts.get(number) ?? 0) + 1);
  const [[found] = [0]] = [...counts].sort(([, a], [, b]) => b - a);
  return found;
}

/** The columns from `from` on, in which most cells are tags; those where all are O only if there are no others. */
function tagColumnsOf(rows: readonly string[][], from: number, tokenColumn: number): number[] {
  const columns: { column: number; entities: boolean }[] = [];
  const width = rows.reduce((widest, { length }) => Math.max(widest, length), 0);
  for (let column = from; column < width; column++) {
    if (column === tokenColumn) continue;
    let tags = 0;
    let entities = false;
    for (const row of rows) {
      const cell = row[column]?.trim();
      if (cell === undefined || !isTagLike(cell)) continue;
      tags++;
      entities ||= cell !== "O";
    }
    if (2 * tags > rows.length) columns.push({ column, entities });
  }
  const telling = columns.filter(({ entities }) => entities);
  return (telling.length > 0 ? telling : columns).map(({ column }) => column);
}

function schemeOf(sentences: readonly string[][][], tagColumns: readonly number[]): Scheme {
  const letters = new Map<string, number>();
  let insideFirst = false; // I- where no entity can go on
  let beginsAlone = false; // B- that no entity of its type stands before
  for (const sentence of sentences) {
    for (const column of tagColumns) {
      let before = parseTag("O");
      for (const row of sentence) {
        const tag = parseTag(row[column]?.trim() ?? "");
        if (tag !== undefined && tag.role !== "outside") {
          letters.set(tag.letter, (letters.get(tag.letter) ?? 0) + 1);
          if (tag.letter === "I" && before?.role === "outside") insideFirst = true;
          if (tag.letter === "B" && before?.type !== tag.type) beginsAlone = true;
        }
        before = tag;
      }
    }
  }
  const count = (of: string): number => Array.from(of).reduce((sum, letter) => sum + (letters.get(letter) ?? 0), 0);
  // Where entities are ended there are as many ends as beginnings: a few among many B- are faults.
  if (count("ELSU") > 0 && 2 * count("ELSU") >= count("BSU")) return count("M") > count("I") ? "bmes" : "bioes";
  return insideFirst && !beginsAlone ? "iob1" : "bio";
}

function textShape(tokens: readonly string[]): Pick<Layout, "join" | "positionDigits"> {
  const cjk = tokens.filter((token) => CJK.test(token)).length;
  const positioned = tokens.filter((token) => /^.[0-9]$/su.test(token)).length;
  return {
    join: 2 * cjk > tokens.length ? "" : " ",
    positionDigits: tokens.length >= POSITIONED.tokens && positioned >= POSITIONED.share * tokens.length,
  };
}

/** As the options say, else as the lines show; no tag columns when they show none. */
function layoutOf(lines: readonly string[], options: FormatOptions): Layout {
  const header = readHeader(lines[0] ?? "");
  const ours = header !== undefined;
  const uncommented = sentencesOf(lines, () => true);
  const numbered = !ours && options.tokenColumn !== 0 && isNumbered(uncommented);
  const withoutOthers = (sentences: string[][][]): string[][][] => numbered
    ? sentences.map((sentence) => sentence.filter(([id = ""]) => !isNoToken(id))) : sentences;
  const counted = withoutOthers(uncommented);
  const rows = counted.flat();
  const tokenColumn = options.tokenColumn ?? (numbered ? 1 : 0);
  const found = ours ? Array.from({ length: header.layers }, (_, layer) => layer + 1)
    : tagColumnsOf(rows, numbered ? 1 : 0, tokenColumn);
  const tagColumns = options.tagColumns ?? (ours ? found : found.slice(-1));
  const width = ours ? header.layers + 1 : mostFrequent(rows.map(({ length }) => length));
  const known = { ours, numbered, tagColumns, width };
  // Only now can a token # be told from a comment.
  const sentences = !lines.some((line) => line.startsWith("#")) ? counted
    : withoutOthers(sentencesOf(lines, (line) => isComment(line, known)));
  const shape = textShape(sentences.flat().flatMap((row) => row[tokenColumn] ?? []));
  const { scheme = "auto", join = "auto", positionDigits = !ours && shape.positionDigits } = options;
  const others = options.tagColumns === undefined && !ours ? found.slice(0, -1) : [];
  return {
    ...known, tokenColumn, positionDigits,
    scheme: scheme === "auto" ? header?.scheme ?? schemeOf(sentences, tagColumns) : scheme,
    join: join === "auto" ? shape.join : join,
    ...(others.length === 0 ? {} : {
      notice: `the tags are those of column ${tagColumns.join(", ")} (from 0), but column ${others.join(", ")} seems `
        + "to hold tags too; set the format option tagColumns if these are layers of nested entities",
    }),
  };
}

/** Whether a file's beginning shows a column of tags. */
export async function showsTags(path: string): Promise<boolean> {
  const { lines } = await readBeginning(path);
  return layoutOf(lines, {}).tagColumns.length > 0;
}

/**
 * How a file is laid out.
 *
 * @throws GlobalPointerError `DATA` when the options contradict each other, or are needed and missing
 */
export async function findLayout(path: string, options: FormatOptions): Promise<Layout> {
  const { lines, problem } = await readBeginning(path);
  const layout = layoutOf(lines, options);
  const { tokenColumn, tagColumns } = layout;
  if (tagColumns.includes(tokenColumn)) {
    throw new GlobalPointerError("DATA", `${path}: column ${tokenColumn} cannot hold both the tokens and tags; set the `
      + "format options tokenColumn and tagColumns");
  }
  if (tagColumns.length > 0) return layout;
  if (problem === undefined && sentencesOf(lines, () => true).length === 0) return { ...layout, tagColumns: [1] };
  throw new GlobalPointerError("DATA", problem ?? `${path}: its beginning shows no column of tags such as O and B-PER; `
    + "set the format option tagColumns, or name the format that the file has");
}
