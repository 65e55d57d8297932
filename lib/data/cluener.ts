import { GlobalPointerError } from "../errors.js";
import { isObject, shown } from "./json-value.js";
import { readLines } from "./lines.js";
import type { ReadOptions, ReadReport } from "./read-samples.js";
import { readId } from "./sample-id.js";
import type { Entity, Sample } from "./sample.js";
import { TextOffsets } from "./text-offsets.js";

/*
 * CLUENER2020: one JSON object a line, {"text", "label": {type: {mention: [[start, end], ...]}}}, start and end counted
 * in code points, end inclusive. (https://github.com/CLUEbenchmark/CLUENER2020)
 */

const LISTED_PROBLEMS = 5;

/** What is wrong with one line, and what mends it. */
class LineProblem extends Error {}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new LineProblem("is not JSON; write one complete JSON object on the line");
  }
  if (isObject(value)) return value;
  throw new LineProblem(`is ${shown(value)}, not an object; write {"text": ..., "label": ...}`);
}

function readText(value: unknown): string {
  if (value === undefined) throw new LineProblem("has no \"text\"; add it");
  if (typeof value !== "string") throw new LineProblem(`"text" is ${shown(value)}; write it as a string`);
  if (value === "") throw new LineProblem("\"text\" is empty; remove the line or give its text");
  return value;
}

/** Checks one [start, end] against the text and the mention it stands under. */
function readSpan(text: string, offsets: TextOffsets, type: string, mention: string, span: unknown): Entity {
  const place = `${type} ${shown(mention)}`;
  const pair: unknown[] = Array.isArray(span) ? span : [];
  const [first, last] = pair;
  if (pair.length !== 2 || typeof first !== "number" || typeof last !== "number"
    || !Number.isInteger(first) || !Number.isInteger(last)) {
    throw new LineProblem(`the span ${shown(span)} of ${place} is not a pair of whole numbers; write [start, end]`);
  }
  const written = `[${first}, ${last}]`;
  if (last < first) throw new LineProblem(`the span ${written} of ${place} ends before it starts; swap or mend it`);
  if (first < 0 || last >= offsets.length) {
    throw new LineProblem(
      `the span ${written} of ${place} is outside the text of ${offsets.length} characters `
      + `(0 to ${offsets.length - 1}); mend it`,
    );
  }
  const entity = { start: offsets.toUtf16(first), end: offsets.toUtf16(last + 1), type };
  const found = text.slice(entity.start, entity.end);
  if (found !== mention) {
    throw new LineProblem(
      `the span ${written} of ${place} covers ${shown(found)}; mend it `
      + "(ends are inclusive, characters are code points)",
    );
  }
  return entity;
}

function readLabel(text: string, label: unknown, entityTypes: ReadonlySet<string> | undefined): Entity[] {
  if (!isObject(label)) {
    throw new LineProblem(`"label" is ${shown(label)}; write an object {type: {mention: [[start, end]]}}`);
  }
  const offsets = new TextOffsets(text);
  const entities: Entity[] = [];
  for (const [type, mentions] of Object.entries(label)) {
    if (type === "") throw new LineProblem("an entity type is empty; name it");
    if (!isObject(mentions)) {
      throw new LineProblem(`the label ${shown(type)} is ${shown(mentions)}; write {mention: [[start, end]]}`);
    }
    // A type named without any mention says that there is none: the types of a model come from entities.
    if (entityTypes?.has(type) === false && Object.keys(mentions).length > 0) {
      throw new LineProblem(
        `unknown entity type ${shown(type)}; known are ${[...entityTypes].join(", ")} (data.entityTypes of the config, `
        + "or all of the training set)",
      );
    }
    for (const [mention, spans] of Object.entries(mentions)) {
      if (!Array.isArray(spans)) {
        throw new LineProblem(`the spans of ${type} ${shown(mention)} are ${shown(spans)}; write [[start, end]]`);
      }
      if (spans.length === 0) {
        throw new LineProblem(`${type} ${shown(mention)} has no span; write [[start, end]] or remove it`);
      }
      for (const span of spans) entities.push(readSpan(text, offsets, type, mention, span));
    }
  }
  return entities;
}

function parseSample(line: string, options: ReadOptions): Sample & { labelled: boolean } {
  const record = parseObject(line);
  const text = readText(record["text"]);
  const id = readId(record["id"], (problem) => new LineProblem(problem));
  const labelled = record["label"] !== undefined;
  if (!labelled && options.requireLabels === true) {
    throw new LineProblem("has no \"label\"; add it ({} when there is no entity)");
  }
  const known = options.entityTypes === undefined ? undefined : new Set(options.entityTypes);
  const entities = labelled ? readLabel(text, record["label"], known) : [];
  return { ...(id === undefined ? {} : { id }), text, entities, labelled };
}

/** The entities without repetitions of the same type and range, which the report counts. */
function withoutDuplicates(sample: Sample, place: string, report: ReadReport | undefined): Entity[] {
  const seen = new Set<string>();
  return sample.entities.filter(({ start, end, type }) => {
    const key = `${start} ${end} ${type}`;
    if (!seen.has(key)) return Boolean(seen.add(key));
    if (report !== undefined) {
      report.duplicates++;
      if (report.duplicateExamples.length < LISTED_PROBLEMS) {
        report.duplicateExamples.push(`${place}: ${type} ${shown(sample.text.slice(start, end))}`);
      }
    }
    return false;
  });
}

function refuse(problems: string[], count: number): never {
  const [first = "", ...others] = problems;
  if (count === 1) throw new GlobalPointerError("DATA", first);
  const more = count - problems.length;
  throw new GlobalPointerError("DATA", [
    first, `${count - 1} more ${count === 2 ? "line is" : "lines are"} bad:`, ...others.map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join("\n"));
}

/**
 * Streams the samples of a CLUENER file. After the first bad line no more samples come, but the rest of the file is
 * still read so that the error can tell how many lines are bad.
 *
 * @throws GlobalPointerError `DATA`: the file cannot be read, holds no sample where labels are required, or has lines
 * that are not what the format says, each named as file:line.
 */
export async function* readCluener(path: string, options: ReadOptions = {}): AsyncGenerator<Sample> {
  const { report } = options;
  const problems: string[] = [];
  let bad = 0;
  let samples = 0;
  for await (const line of readLines(path)) {
    const place = `${path}:${line.number}`;
    try {
      if (line.text === undefined) throw new LineProblem("is not UTF-8; save the file as UTF-8");
      if (line.text.trim() === "") continue;
      const { labelled, ...sample } = parseSample(line.text, options);
      if (bad > 0) continue;
      sample.entities = withoutDuplicates(sample, place, report);
      samples++;
      if (report !== undefined) {
        report.samples++;
        report.entities += sample.entities.length;
        if (!labelled) report.unlabelled++;
      }
      yield sample;
    } catch (error) {
      if (!(error instanceof LineProblem)) throw error;
      bad++;
      if (problems.length < LISTED_PROBLEMS) problems.push(`${place}: ${error.message}`);
    }
  }
  if (bad > 0) refuse(problems, bad);
  if (samples === 0 && options.requireLabels === true) {
    throw new GlobalPointerError("DATA", `${path}: holds no samples; write one JSON object a line`);
  }
}

/** The items under their keys, in the order in which the keys come. */
function grouped<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** As formatCluener, in pieces: a text with very many entities may give more than one string holds. */
export function* cluenerPieces(
  { id, text, entities }: Sample, { withText = false }: { withText?: boolean } = {},
): Generator<string> {
  const offsets = new TextOffsets(text);
  const opening = { ...(id === undefined ? {} : { id }), ...(withText ? { text } : {}), label: {} };
  yield JSON.stringify(opening).slice(0, -"}}".length);
  let typeComma = "";
  for (const [type, ofType] of grouped(entities, (entity) => entity.type)) {
    yield `${typeComma}${JSON.stringify(type)}:{`;
    typeComma = ",";
    let comma = "";
    for (const [mention, places] of grouped(ofType, ({ start, end }) => text.slice(start, end))) {
      const spans = places.map(({ start, end }) => [offsets.toCodePoint(start), offsets.toCodePoint(end) - 1]);
      yield `${comma}${JSON.stringify(mention)}:${JSON.stringify(spans)}`;
      comma = ",";
    }
    yield "}";
  }
  yield "}}";
}

/**
 * One line (without its end) of the benchmark's submission format:
 * `{"id"?, "text"?, "label": {type: {mention: [[start, end]]}}}` in code points, end inclusive.
 */
export function formatCluener(sample: Sample, options: { withText?: boolean } = {}): string {
  return [...cluenerPieces(sample, options)].join("");
}
