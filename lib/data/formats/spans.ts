import { isObject, shown } from "../json-value.js";
import type { Entity } from "../sample.js";
import type { AnnotationFormat } from "./format.js";
import { idOf, readJsonRecords, requireText } from "./json-records.js";
import type { FormatOptions } from "./options.js";
import { RecordProblem, type FileSample } from "./record.js";
import { SpanReader } from "./span-reader.js";
import { TextFileWriter } from "./text-file-writer.js";

/*
 * The project's own format, which gp-predict writes too: {"id", "text", "entities": [{"start", "end", "type"}]}, or
 * [start, end, type] in place of an entity. UTF-16 units and exclusive ends unless the options say otherwise.
 */

function readEntity(spans: SpanReader, entity: unknown): Entity {
  if (Array.isArray(entity)) {
    const triple: unknown[] = entity;
    if (triple.length !== 3) {
      throw new RecordProblem(`the entity ${shown(entity)} is no triple; write [start, end, type]`);
    }
    return spans.entity(triple[0], triple[1], triple[2]);
  }
  if (!isObject(entity)) {
    throw new RecordProblem(`the entity ${shown(entity)} is not an object; write {"start", "end", "type"}`);
  }
  for (const key of ["start", "end", "type"]) {
    if (entity[key] === undefined) throw new RecordProblem(`the entity ${shown(entity)} has no "${key}"; add it`);
  }
  return spans.entity(entity["start"], entity["end"], entity["type"], entity["text"]);
}

function readRecord(
  record: Record<string, unknown>, { endInclusive = false, offsets = "utf16" }: FormatOptions,
): FileSample {
  const text = requireText(record);
  const listed = record["entities"];
  if (listed !== undefined && !Array.isArray(listed)) {
    throw new RecordProblem(`"entities" is ${shown(listed)}; write a list of {"start", "end", "type"}`);
  }
  const spans = new SpanReader(text, { endInclusive, offsets });
  const entities = (listed ?? []).map((entity: unknown) => readEntity(spans, entity));
  return { ...idOf(record["id"]), text, entities, labelled: listed !== undefined };
}

export const spans: AnnotationFormat = {
  name: "spans",
  summary: "JSON lines with entities [{start, end, type}] or [[start, end, type]]; UTF-16 units, end exclusive",
  options: ["endInclusive", "offsets"],
  read: (path, options) => readJsonRecords(
    path, "{\"text\": ..., \"entities\": [...]}", (record) => readRecord(record, options),
  ),
  writer: () => new TextFileWriter({
    * pieces({ id, text, entities }) {
      yield JSON.stringify({ ...(id === undefined ? {} : { id }), text, entities: [] }).slice(0, -"]}".length);
      let comma = "";
      for (const { start, end, type } of entities) {
        yield `${comma}${JSON.stringify({ start, end, type, text: text.slice(start, end) })}`;
        comma = ",";
      }
      yield "]}\n";
    },
  }),
};
