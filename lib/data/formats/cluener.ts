import { isObject, shown } from "../json-value.js";
import type { Entity, Sample } from "../sample.js";
import { TextOffsets } from "../text-offsets.js";
import type { AnnotationFormat } from "./format.js";
import { idOf, readJsonRecords, requireText } from "./json-records.js";
import { RecordProblem, type FileSample } from "./record.js";
import { SpanReader } from "./span-reader.js";
import { refuseSplitPairs, TextFileWriter } from "./text-file-writer.js";

/*
 * CLUENER2020: one JSON object a line, {"text", "label": {type: {mention: [[start, end], ...]}}}, start and end counted
 * in code points, end inclusive. (https://github.com/CLUEbenchmark/CLUENER2020)
 */

const COUNTING = { endInclusive: true, offsets: "codePoint" } as const;

function readLabel(text: string, label: unknown): Entity[] {
  if (!isObject(label)) {
    throw new RecordProblem(`"label" is ${shown(label)}; write an object {type: {mention: [[start, end]]}}`);
  }
  const spans = new SpanReader(text, COUNTING, false);
  const entities: Entity[] = [];
  for (const [type, mentions] of Object.entries(label)) {
    if (type === "") throw new RecordProblem("an entity type is empty; name it");
    if (!isObject(mentions)) {
      throw new RecordProblem(`the label ${shown(type)} is ${shown(mentions)}; write {mention: [[start, end]]}`);
    }
    for (const [mention, places] of Object.entries(mentions)) {
      if (!Array.isArray(places)) {
        throw new RecordProblem(`the spans of ${type} ${shown(mention)} are ${shown(places)}; write [[start, end]]`);
      }
      if (places.length === 0) {
        throw new RecordProblem(`${type} ${shown(mention)} has no span; write [[start, end]] or remove it`);
      }
      for (const place of places) {
        const pair: unknown[] = Array.isArray(place) ? place : [];
        if (pair.length !== 2) {
          throw new RecordProblem(
            `the span ${shown(place)} of ${type} ${shown(mention)} is not a pair of whole numbers; write [start, end]`,
          );
        }
        entities.push(spans.entity(pair[0], pair[1], type, mention));
      }
    }
  }
  return entities;
}

function readRecord(record: Record<string, unknown>): FileSample {
  const text = requireText(record);
  const labelled = record["label"] !== undefined;
  return { ...idOf(record["id"]), text, entities: labelled ? readLabel(text, record["label"]) : [], labelled };
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

export const cluener: AnnotationFormat = {
  name: "cluener",
  summary: "JSON lines with label {type: {mention: [[start, end]]}}; code points, end inclusive",
  options: [],
  read: (path) => readJsonRecords(path, "{\"text\": ..., \"label\": ...}", readRecord),
  writer: () => new TextFileWriter({
    refuses: refuseSplitPairs,
    * pieces(sample) {
      yield* cluenerPieces(sample, { withText: true });
      yield "\n";
    },
  }),
};
