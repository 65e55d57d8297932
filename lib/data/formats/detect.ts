import { GlobalPointerError } from "../../errors.js";
import { isObject } from "../json-value.js";
import { readLines, statInput } from "../lines.js";
import { bratDocuments } from "./brat.js";
import { showsTags } from "./conll-layout.js";
import { readJsonRecords } from "./json-records.js";
import { formatNames, type FormatName } from "./registry.js";

/** Records looked at before one without entities is taken for what it seems. */
const MAX_RECORDS = 1000;

/** The first element of a list; undefined for anything else. */
function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : undefined;
}

function hasKeys(value: unknown, ...keys: string[]): boolean {
  return isObject(value) && keys.every((key) => key in value);
}

/** The format that a JSON record has for certain, judged by its keys; undefined when it shows none. */
function formatOfRecord(record: Record<string, unknown>): FormatName | undefined {
  if (isObject(record["label"])) return "cluener";
  if (isObject(record["data"]) && (Array.isArray(record["annotations"]) || Array.isArray(record["completions"]))) {
    return "label-studio";
  }
  const firsts = Object.values(record).map(firstOf);
  if (firsts.some((first) => hasKeys(first, "start_offset", "end_offset"))) return "doccano";
  if (firsts.some((first) => hasKeys(first, "start", "end", "labels"))) return "label-studio"; // its JSON_MIN
  const entity = firstOf(record["entities"]);
  if (Array.isArray(entity)) return "cats" in record || "Comments" in record ? "doccano" : "spans";
  if (hasKeys(entity, "start_idx")) return "cmeee";
  if (hasKeys(entity, "start")) return "spans";
  return Array.isArray(firstOf(record["label"])) || Array.isArray(firstOf(record["labels"])) ? "doccano" : undefined;
}

/** What a record seems to be that has a text, but no entity to tell by. */
function seemingFormat(record: Record<string, unknown>): FormatName | undefined {
  const { data, text, label, labels } = record;
  if (isObject(data)) return "label-studio";
  if (typeof data === "string" && text === undefined) return "doccano";
  if (typeof text !== "string") return undefined;
  if (typeof record["annotation_id"] === "number") return "label-studio"; // its JSON_MIN
  return Array.isArray(label) || Array.isArray(labels) ? "doccano" : "spans";
}

/** @throws GlobalPointerError `DATA` */
function formatOfFolder(path: string): FormatName {
  if (bratDocuments(path).size > 0) return "brat";
  throw new GlobalPointerError(
    "DATA", `${path}: is a folder without .txt and .ann files, which only brat's format would be; give a file`,
  );
}

/** Where a line cannot be taken as text, that is what its owner has to hear. @throws GlobalPointerError `DATA` */
async function refuseNoText(path: string): Promise<void> {
  for await (const { number, problem } of readLines(path)) {
    if (problem !== undefined) throw new GlobalPointerError("DATA", `${path}:${number}: ${problem}`);
    if (number >= MAX_RECORDS) return;
  }
}

/**
 * Tells how a file is written by looking at its beginning.
 *
 * @throws GlobalPointerError `DATA` when it cannot be told, or the file cannot be read
 */
export async function detectFormat(path: string): Promise<FormatName> {
  if (statInput(path)?.isDirectory() === true) return formatOfFolder(path);
  if (path.endsWith(".ann")) return "brat"; // whose reader says that it wants the folder
  let seen = 0;
  let found: FormatName | undefined;
  let plain: FormatName | undefined; // for records that have a text and nothing else that tells
  const records = readJsonRecords(path, "{...}", (record) => {
    found = formatOfRecord(record);
    plain ??= seemingFormat(record);
    return { text: "", entities: [], labelled: false };
  });
  while (found === undefined && seen < MAX_RECORDS && (await records.next()).done !== true) seen++;
  await records.return(undefined);
  if (seen === 0 && found === undefined) plain = "spans"; // that there is nothing in it is for the reader to tell
  if (found === undefined && plain === undefined && await showsTags(path)) found = "conll";
  if (found === undefined && plain === undefined) {
    await refuseNoText(path);
    throw new GlobalPointerError(
      "DATA",
      `${path}: its beginning does not tell how it is written; name the format, one of ${formatNames.join(", ")}`,
    );
  }
  return found ?? plain ?? "spans";
}
