import { GlobalPointerError } from "../errors.js";
import { readLines } from "./lines.js";
import type { ReadOptions, ReadReport } from "./read-samples.js";
import type { Entity, Sample } from "./sample.js";
import { TextOffsets } from "./text-offsets.js";

/*
 * CLUENER2020: one JSON object a line, {"text", "label": {type: {mention: [[start, end], ...]}}}, start and end counted
 * in code points, end inclusive. (https://github.com/CLUEbenchmark/CLUENER2020)
 */

const LISTED_PROBLEMS = 5;

/** What is wrong with one line, and what mends it. */
class LineProblem extends Error {}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 40 ? `${json.slice(0, 37)}...` : json;
}

function parseObject(line: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new LineProblem("is not JSON; write one complete JSON object on the line");
  }
  if (!isObject(value)) throw new LineProblem(`is ${shown(value)}, not an object; write {"text": ..., "label": ...}`);
  return value;
}

function readText(value: unknown): string {
  if (value === undefined) throw new LineProblem("has no \"text\"; add it");
  if (typeof value !== "string") throw new LineProblem(`"text" is ${shown(value)}; write it as a string`);
  if (value === "") throw new LineProblem("\"text\" is empty; remove the line or give its text");
  return value;
}

function readId(value: unknown): string | number | undefined {
  if (value === undefined || typeof value === "string" || typeof value === "number") return value;
  throw new LineProblem(`"id" is ${shown(value)}; write a string or a number, or leave it out`);
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
    if (entityTypes?.has(type) === false) {
      throw new LineProblem(`unknown entity type ${shown(type)}; known are ${[...entityTypes].join(", ")}`);
    }
    if (!isObject(mentions)) {
      throw new LineProblem(`the label ${shown(type)} is ${shown(mentions)}; write {mention: [[start, end]]}`);
    }
    for (const [mention, spans] of Object.entries(mentions)) {
      if (!Array.isArray(spans)) {
        throw new LineProblem(`the spans of ${type} ${shown(mention)} are ${shown(spans)}; write [[start, end]]`);
      }
      for (const span of spans) entities.push(readSpan(text, offsets, type, mention, span));
    }
  }
  return entities;
}

function parseSample(line: string, options: ReadOptions): Sample & { labelled: boolean } {
  const record = parseObject(line);
  const text = readText(record["text"]);
  const id = readId(record["id"]);
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

/**
 * One line (without its end) of the benchmark's submission format:
 * `{"id"?, "text"?, "label": {type: {mention: [[start, end]]}}}` in code points, end inclusive.
 */
export function formatCluener(sample: Sample, options: { withText?: boolean } = {}): string {
  const offsets = new TextOffsets(sample.text);
  const label = new Map<string, Map<string, [number, number][]>>();
  for (const { start, end, type } of sample.entities) {
    const mentions = label.get(type) ?? new Map<string, [number, number][]>();
    label.set(type, mentions);
    const mention = sample.text.slice(start, end);
    const spans = mentions.get(mention) ?? [];
    mentions.set(mention, spans);
    spans.push([offsets.toCodePoint(start), offsets.toCodePoint(end) - 1]);
  }
  return JSON.stringify({
    ...(sample.id === undefined ? {} : { id: sample.id }),
    ...(options.withText === true ? { text: sample.text } : {}),
    label: Object.fromEntries([...label].map(([type, mentions]) => [type, Object.fromEntries(mentions)])),
  });
}
