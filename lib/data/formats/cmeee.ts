import { isObject, shown } from "../json-value.js";
import type { Entity } from "../sample.js";
import { TextOffsets } from "../text-offsets.js";
import { entityListPieces, readEntityList, requireKeys } from "./entity-list.js";
import type { AnnotationFormat } from "./format.js";
import { readJsonRecords } from "./json-records.js";
import { RecordProblem } from "./record.js";
import type { SpanReader } from "./span-reader.js";
import { refuseSplitPairs, TextFileWriter } from "./text-file-writer.js";

/*
 * CMeEE (CBLUE): one JSON list of {"text", "entities": [{"start_idx", "end_idx", "type", "entity"}]}, code points. The
 * first version counts ends inclusive, the second exclusive (format option endInclusive).
 */

function readEntity(spans: SpanReader, entity: unknown): Entity {
  if (!isObject(entity)) {
    throw new RecordProblem(`the entity ${shown(entity)} is not an object; write {"start_idx", "end_idx", "type"}`);
  }
  requireKeys(entity, ["start_idx", "end_idx", "type"]);
  return spans.entity(entity["start_idx"], entity["end_idx"], entity["type"], entity["entity"]);
}

export const cmeee: AnnotationFormat = {
  name: "cmeee",
  summary: "one JSON list with entities [{start_idx, end_idx, type, entity}]; code points, end inclusive",
  options: ["endInclusive", "offsets"],
  read: (path, { endInclusive = true, offsets = "codePoint" }) => readJsonRecords(
    path, "{\"text\": ..., \"entities\": [...]}",
    (record) => readEntityList(
      record, { endInclusive, offsets }, "{\"start_idx\", \"end_idx\", \"type\"}", readEntity,
    ),
  ),
  writer: () => new TextFileWriter({
    refuses: refuseSplitPairs,
    opening: "[\n",
    separator: ",\n",
    closing: "\n]\n",
    pieces(sample) {
      const { text, entities } = sample;
      const offsets = new TextOffsets(text);
      return entityListPieces(sample, (function* () {
        for (const { start, end, type } of entities) {
          yield {
            start_idx: offsets.toCodePoint(start), end_idx: offsets.toCodePoint(end) - 1, type,
            entity: text.slice(start, end),
          };
        }
      })());
    },
  }),
};
