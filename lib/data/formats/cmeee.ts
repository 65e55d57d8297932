import { isObject, shown } from "../json-value.js";
import { TextOffsets } from "../text-offsets.js";
import type { AnnotationFormat } from "./format.js";
import { idOf, readJsonRecords, requireText } from "./json-records.js";
import type { FormatOptions } from "./options.js";
import { RecordProblem, type FileSample } from "./record.js";
import { SpanReader } from "./span-reader.js";
import { refuseSplitPairs, TextFileWriter } from "./text-file-writer.js";

/*
 * CMeEE (CBLUE): one JSON list of {"text", "entities": [{"start_idx", "end_idx", "type", "entity"}]}, code points. The
 * first version counts ends inclusive, the second exclusive (format option endInclusive).
 */

function readRecord(
  record: Record<string, unknown>, { endInclusive = true, offsets = "codePoint" }: FormatOptions,
): FileSample {
  const text = requireText(record);
  const listed = record["entities"];
  if (listed !== undefined && !Array.isArray(listed)) {
    throw new RecordProblem(`"entities" is ${shown(listed)}; write a list of {"start_idx", "end_idx", "type"}`);
  }
  const spans = new SpanReader(text, { endInclusive, offsets });
  const entities = (listed ?? []).map((entity: unknown) => {
    if (!isObject(entity)) {
      throw new RecordProblem(`the entity ${shown(entity)} is not an object; write {"start_idx", "end_idx", "type"}`);
    }
    for (const key of ["start_idx", "end_idx", "type"]) {
      if (entity[key] === undefined) throw new RecordProblem(`the entity ${shown(entity)} has no "${key}"; add it`);
    }
    return spans.entity(entity["start_idx"], entity["end_idx"], entity["type"], entity["entity"]);
  });
  return { ...idOf(record["id"]), text, entities, labelled: listed !== undefined };
}

export const cmeee: AnnotationFormat = {
  name: "cmeee",
  summary: "one JSON list with entities [{start_idx, end_idx, type, entity}]; code points, end inclusive",
  options: ["endInclusive", "offsets"],
  read: (path, options) => readJsonRecords(
    path, "{\"text\": ..., \"entities\": [...]}", (record) => readRecord(record, options),
  ),
  writer: () => new TextFileWriter({
    refuses: refuseSplitPairs,
    opening: "[\n",
    separator: ",\n",
    closing: "\n]\n",
    * pieces({ id, text, entities }) {
      const offsets = new TextOffsets(text);
      yield JSON.stringify({ ...(id === undefined ? {} : { id }), text, entities: [] }).slice(0, -"]}".length);
      let comma = "";
      for (const { start, end, type } of entities) {
        yield comma + JSON.stringify({
          start_idx: offsets.toCodePoint(start), end_idx: offsets.toCodePoint(end) - 1, type,
          entity: text.slice(start, end),
        });
        comma = ",";
      }
      yield "]}";
    },
  }),
};
