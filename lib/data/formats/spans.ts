import { isObject, shown } from "../json-value.js";
import type { Entity } from "../sample.js";
import { entityListPieces, readEntityList, requireKeys } from "./entity-list.js";
import type { AnnotationFormat } from "./format.js";
import { readJsonRecords } from "./json-records.js";
import { RecordProblem } from "./record.js";
import type { SpanReader } from "./span-reader.js";
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
  requireKeys(entity, ["start", "end", "type"]);
  return spans.entity(entity["start"], entity["end"], entity["type"], entity["text"]);
}

export const spans: AnnotationFormat = {
  name: "spans",
  summary: "JSON lines with entities [{start, end, type}] or [[start, end, type]]; UTF-16 units, end exclusive",
  options: ["endInclusive", "offsets"],
  read: (path, { endInclusive = false, offsets = "utf16" }) => readJsonRecords(
    path, "{\"text\": ..., \"entities\": [...]}",
    (record) => readEntityList(record, { endInclusive, offsets }, "{\"start\", \"end\", \"type\"}", readEntity),
  ),
  writer: () => new TextFileWriter({
    * pieces(sample) {
      const { text, entities } = sample;
      yield* entityListPieces(sample, (function* () {
        for (const { start, end, type } of entities) yield { start, end, type, text: text.slice(start, end) };
      })());
      yield "\n";
    },
  }),
};
