import { isObject, shown } from "../json-value.js";
import type { Entity } from "../sample.js";
import type { AnnotationFormat } from "./format.js";
import { idOf, readJsonRecords, requireText } from "./json-records.js";
import type { FormatOptions } from "./options.js";
import { RecordProblem, type FileSample } from "./record.js";
import { SpanReader } from "./span-reader.js";
import { TextFileWriter } from "./text-file-writer.js";

/*
 * doccano, JSON lines: {"text", "label": [[start, end, type]]}, or, from projects with relations, {"text", "entities":
 * [{"label", "start_offset", "end_offset"}]}. (https://github.com/doccano/doccano, backend/data_export and data_import)
 *
 * UTF-16 units, end exclusive: the positions are those of its editor, which runs in the browser
 * (https://github.com/doccano/doccano/issues/2290).
 */

/** Where entities may stand. Releases differ in the key; each takes both ways of writing an entity. */
const ENTITY_KEYS = ["label", "labels", "entities", "annotations"] as const;

/** What else an export may hold, which says nothing about entities. */
const OTHER_KEYS = ["relations", "cats", "Comments", "comments"] as const;

const WRITTEN = "write [start, end, type] or {\"start_offset\", \"end_offset\", \"label\"}";

function readEntity(spans: SpanReader, entity: unknown): Entity {
  if (Array.isArray(entity)) {
    const triple: unknown[] = entity;
    if (triple.length !== 3) throw new RecordProblem(`the entity ${shown(entity)} is no triple; ${WRITTEN}`);
    return spans.entity(triple[0], triple[1], triple[2]);
  }
  if (!isObject(entity)) throw new RecordProblem(`the entity ${shown(entity)} is neither list nor object; ${WRITTEN}`);
  for (const key of ["start_offset", "end_offset", "label"]) {
    if (entity[key] === undefined) throw new RecordProblem(`the entity ${shown(entity)} has no "${key}"; add it`);
  }
  const { label } = entity;
  if (typeof label === "number") {
    throw new RecordProblem(
      `the label ${label} is the number of a label, not its name; export the project as JSONL with names`,
    );
  }
  return spans.entity(entity["start_offset"], entity["end_offset"], label);
}

/** The list of entities, or undefined when the record says nothing about them. */
function entityList(record: Record<string, unknown>): unknown[] | undefined {
  const present = ENTITY_KEYS.filter((key) => record[key] !== undefined);
  const lists = present.map((key): { key: string; list: unknown[] } => {
    const list = record[key];
    if (!Array.isArray(list)) throw new RecordProblem(`"${key}" is ${shown(list)}; write a list of [start, end, type]`);
    return { key, list };
  });
  const [first, second] = lists.filter(({ list }) => list.length > 0);
  if (first !== undefined && second !== undefined) {
    throw new RecordProblem(`both "${first.key}" and "${second.key}" hold entities; keep one of the two`);
  }
  return first?.list ?? lists[0]?.list;
}

function readRecord(
  record: Record<string, unknown>, { endInclusive = false, offsets = "utf16" }: FormatOptions,
  notice: (text: string) => void,
): FileSample {
  // Some releases call the text "data".
  const text = requireText(record["text"] === undefined && record["data"] !== undefined
    ? { text: record["data"] } : record);
  const list = entityList(record);
  const spans = new SpanReader(text, { endInclusive, offsets });
  const entities = (list ?? []).map((entity) => readEntity(spans, entity));
  const others = OTHER_KEYS.filter((key) => {
    const value = record[key];
    return Array.isArray(value) && value.length > 0;
  });
  if (others.length > 0) {
    notice(`has ${others.map((key) => `"${key}"`).join(" and ")} too, left aside: only entities are read`);
  }
  return { ...idOf(record["id"]), text, entities, labelled: list !== undefined };
}

export const doccano: AnnotationFormat = {
  name: "doccano",
  summary: "JSON lines with label [[start, end, type]] or entities [{start_offset, end_offset, label}]; UTF-16 units, "
    + "end exclusive",
  options: ["endInclusive", "offsets"],
  read: (path, options) => readJsonRecords(
    path, "{\"text\": ..., \"label\": [...]}", (record, notice) => readRecord(record, options, notice),
  ),
  writer: () => new TextFileWriter({
    * pieces({ id, text, entities }) {
      yield JSON.stringify({ ...(id === undefined ? {} : { id }), text, label: [] }).slice(0, -"]}".length);
      let comma = "";
      for (const { start, end, type } of entities) {
        yield comma + JSON.stringify([start, end, type]);
        comma = ",";
      }
      yield "]}\n";
    },
  }),
};
