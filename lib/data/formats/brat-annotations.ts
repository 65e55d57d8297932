import { shown } from "../json-value.js";
import type { Line } from "../lines.js";
import type { Entity } from "../sample.js";
import { RecordProblem } from "./record.js";
import { SpanReader } from "./span-reader.js";

/*
 * The lines of an .ann file: entities are T1<TAB>TYPE START END<TAB>TEXT, with more pairs START END behind semicolons
 * for one of several pieces. Code points, end exclusive. (https://brat.nlplab.org/standoff.html)
 */

/** Relations, events, attributes (and their older name), normalizations, notes, equivalences. */
const OTHER_LINE = /^[REAMN#*]/;
const ENTITY_LINE = /^T[^\t]*\t(?<type>\S+) (?<pairs>\d+ \d+(?:;\d+ \d+)*) *(?:\t(?<mention>.*))?$/s;

export interface BratEntities {
  entities: Entity[];
  /** Lines of the entities of several pieces, which no span can be. */
  leftOut: number[];
}

export interface BratFault {
  line: number;
  problem: string;
}

/** A mention as an .ann file has it: all on one line. */
export function onOneLine(mention: string): string {
  return mention.replace(/[\r\n]/g, " ");
}

/** Whether pieces belong together all the same: brat divides an entity where the text has a line break. */
function isBreak(gap: string): boolean {
  return gap === "" || (gap.trim() === "" && /[\r\n]/.test(gap));
}

/** The entity of a line, or undefined when a span cannot be it. @throws RecordProblem */
function readEntity(line: string, text: string, spans: SpanReader, shift: number): Entity | undefined {
  const { type, pairs, mention } = ENTITY_LINE.exec(line)?.groups ?? {};
  if (type === undefined || pairs === undefined) {
    throw new RecordProblem(
      `is no entity: ${shown(line)}; write T1, a tab, TYPE START END with single blanks, a tab, and the text`,
    );
  }
  const ranges = pairs.split(";").map((pair) => {
    const [start = NaN, end = NaN] = pair.split(" ").map((number) => Number(number) - shift);
    return { start, end };
  });
  const pieces = ranges.map(({ start, end }) => spans.entity(start, end, type)).sort((a, b) => a.start - b.start);
  const [first, last] = [pieces[0], pieces.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const gaps = pieces.slice(1).map((piece, at) => ({ from: pieces[at]?.end ?? 0, to: piece.start }));
  if (gaps.some(({ from, to }) => to < from)) {
    throw new RecordProblem(`the pieces ${pairs} of ${type} overlap; mend them`);
  }
  if (!gaps.every(({ from, to }) => isBreak(text.slice(from, to)))) return undefined;
  const entity = { start: first.start, end: last.end, type };
  if (mention === undefined || mention === "") return entity; // brat fills it in
  const covered = [text.slice(entity.start, entity.end)];
  const parts = pieces.map(({ start, end }) => text.slice(start, end));
  covered.push(parts.join(" "), parts.join("")); // the latter before brat 1.3
  if (covered.map(onOneLine).some((known) => mention === known || mention.startsWith(`${known}\t`))) return entity;
  const [range] = ranges;
  if (range !== undefined && ranges.length === 1) return spans.entity(range.start, range.end, type, mention);
  throw new RecordProblem(`the pieces ${pairs} of ${type} ${shown(mention)} cover ${shown(covered[1])}; mend them`);
}

/** @param shift what positions in the file are larger by than in the text */
export function readBratEntities(lines: readonly Line[], text: string, shift: number): BratEntities | BratFault {
  const spans = new SpanReader(text, { endInclusive: false, offsets: "codePoint" }, false);
  const entities: Entity[] = [];
  const leftOut: number[] = [];
  for (const { number, text: line, problem } of lines) {
    if (line === undefined) return { line: number, problem: problem ?? "is not text" };
    if (line.trim() === "" || OTHER_LINE.test(line)) continue;
    try {
      const entity = readEntity(line, text, spans, shift);
      if (entity === undefined) leftOut.push(number);
      else entities.push(entity);
    } catch (error) {
      if (!(error instanceof RecordProblem)) throw error;
      return { line: number, problem: error.message };
    }
  }
  return { entities, leftOut };
}
