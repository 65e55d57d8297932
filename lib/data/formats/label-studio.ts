import { isObject, shown } from "../json-value.js";
import { TextOffsets } from "../text-offsets.js";
import type { AnnotationFormat } from "./format.js";
import { idOf, readJsonRecords } from "./json-records.js";
import { fingerprint, readRegions } from "./label-studio-regions.js";
import type { FormatOptions } from "./options.js";
import { RecordProblem, type FileSample } from "./record.js";
import { SpanReader } from "./span-reader.js";
import { refuseSplitPairs, TextFileWriter } from "./text-file-writer.js";

/*
 * Label Studio's exports of text that was labelled: JSON, tasks {"id", "data": {"text"}, "annotations": [{"result"}]},
 * and JSON_MIN, {"id", "text", NAME: [{"start", "end", "labels"}]}. (https://labelstud.io/guide/export)
 *
 * Code points, end exclusive, since the editor converts (https://github.com/HumanSignal/label-studio/pull/1559); older
 * releases counted UTF-16 units.
 */

/** What JSON_MIN adds to a task's own keys. */
const ADDED_KEYS = ["id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement"];

/** The text of a task, which the labelling set-up may have under any key. */
function textOf(data: Record<string, unknown>, place: string, passedOver: readonly string[]): string {
  if (data["text"] !== undefined && typeof data["text"] !== "string") {
    throw new RecordProblem(`"text" is ${shown(data["text"])}; write it as a string`);
  }
  const strings = Object.keys(data).filter((key) => typeof data[key] === "string" && !passedOver.includes(key));
  const key = typeof data["text"] === "string" ? "text" : strings[0];
  if (key === undefined) {
    const keys = Object.keys(data).map((name) => shown(name)).join(", ");
    throw new RecordProblem(`${place} has no text${keys === "" ? "" : `, only ${keys}`}; give the text as "text"`);
  }
  if (key !== "text" && strings.length > 1) {
    const keys = strings.map((name) => shown(name)).join(", ");
    throw new RecordProblem(`${place} has no "text" but several strings: ${keys}; name the labelled one "text"`);
  }
  const text = data[key];
  if (typeof text !== "string" || text === "") {
    throw new RecordProblem(`${shown(key)} is empty; remove the record or give its text`);
  }
  return text;
}

/** A task's own id, which tells more than the number that Label Studio gave. */
function idIn(data: Record<string, unknown>, task: unknown): ReturnType<typeof idOf> {
  const own = data["id"];
  return idOf(typeof own === "string" || Number.isSafeInteger(own) ? own : task);
}

function isCancelled(annotation: Record<string, unknown>): boolean {
  return annotation["was_cancelled"] === true || annotation["skipped"] === true;
}

function madeAt(annotation: Record<string, unknown>): string {
  const { created_at: time } = annotation;
  return typeof time === "string" ? time : "";
}

function resultOf(annotation: Record<string, unknown>): unknown[] {
  const result = annotation["result"] ?? [];
  if (Array.isArray(result)) return result;
  throw new RecordProblem(`"result" of an annotation is ${shown(result)}; write a list of regions`);
}

/** The annotation that counts: the one made last among those that were not cancelled. */
function pickResult(annotations: unknown, notice: (text: string) => void): unknown[] | undefined {
  if (annotations === undefined) return undefined;
  if (!Array.isArray(annotations)) {
    throw new RecordProblem(`"annotations" is ${shown(annotations)}; write a list of {"result": [...]}`);
  }
  const valid = annotations.map((annotation: unknown) => {
    if (isObject(annotation)) return annotation;
    throw new RecordProblem(`the annotation ${shown(annotation)} is not an object; write {"result": [...]}`);
  }).filter((annotation) => !isCancelled(annotation));
  const last = valid.reduce<Record<string, unknown> | undefined>(
    (latest, annotation) => (latest === undefined || madeAt(annotation) >= madeAt(latest) ? annotation : latest),
    undefined,
  );
  if (last === undefined) return undefined;
  if (new Set(valid.map((annotation) => fingerprint(resultOf(annotation)))).size > 1) {
    notice(`has ${valid.length} annotations that differ; the one made last is taken`);
  }
  return resultOf(last);
}

/** Regions of a JSON_MIN record, which stand under the name that the labelling set-up gives them. */
function minimalRegions(record: Record<string, unknown>): unknown[] | undefined {
  const lists = Object.values(record).filter((value): value is unknown[] => Array.isArray(value)
    && value.some((item) => isObject(item) && item["labels"] !== undefined));
  if (lists.length > 0) return lists.flat();
  const label: unknown = record["label"];
  if (Array.isArray(label)) return label as unknown[];
  // Where nothing was labelled there is no list; the number of the annotation tells that somebody looked.
  return typeof record["annotation_id"] === "number" ? [] : undefined;
}

function readRecord(
  record: Record<string, unknown>, { endInclusive = false, offsets = "codePoint" }: FormatOptions,
  notice: (text: string) => void,
): FileSample {
  const { data } = record;
  if (data !== undefined && !isObject(data)) {
    throw new RecordProblem(`"data" is ${shown(data)}; write {"text": ...}`);
  }
  const whole = isObject(data);
  const text = whole ? textOf(data, "\"data\"", ["id"]) : textOf(record, "the record", ADDED_KEYS);
  const listed = whole ? pickResult(record["annotations"] ?? record["completions"], notice) : minimalRegions(record);
  const result = whole ? listed : listed?.map((value) => ({ type: "labels", value }));
  const spans = new SpanReader(text, { endInclusive, offsets });
  return {
    ...idIn(whole ? data : record, record["id"]), text,
    entities: readRegions(result ?? [], text, spans, notice), labelled: listed !== undefined,
  };
}

export const labelStudio: AnnotationFormat = {
  name: "label-studio",
  summary: "exports JSON and JSON_MIN: tasks with regions {start, end, labels}; code points, end exclusive",
  options: ["endInclusive", "offsets"],
  read: (path, options) => readJsonRecords(
    path, "{\"data\": {\"text\": ...}, \"annotations\": [...]}",
    (record, notice) => readRecord(record, options, notice),
  ),
  writer: () => new TextFileWriter({
    refuses: refuseSplitPairs,
    opening: "[\n",
    separator: ",\n",
    closing: "\n]\n",
    * pieces({ id, text, entities }) {
      const offsets = new TextOffsets(text);
      yield JSON.stringify({
        // Label Studio numbers tasks itself, so other ids go where it keeps what is the user's own.
        ...(typeof id === "number" ? { id } : {}),
        data: { text, ...(typeof id === "string" ? { id } : {}) },
        annotations: [{ result: [] }],
      }).slice(0, -"]}]}".length);
      let count = 0;
      for (const { start, end, type } of entities) {
        count++;
        const value = {
          start: offsets.toCodePoint(start), end: offsets.toCodePoint(end),
          text: text.slice(start, end), labels: [type],
        };
        yield (count === 1 ? "" : ",") + JSON.stringify(
          { id: `e${count}`, from_name: "label", to_name: "text", type: "labels", value },
        );
      }
      yield "]}]}";
    },
  }),
};
