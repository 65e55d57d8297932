import { statSync } from "node:fs";
import { GlobalPointerError } from "../../errors.js";
import { isObject } from "../json-value.js";
import { readJsonRecords } from "./json-records.js";
import { formatNames, type FormatName } from "./registry.js";

/** Records looked at before one without entities is taken for what it seems. */
const MAX_RECORDS = 1000;

/** The format that a JSON record has for certain, judged by its keys; undefined when it shows none. */
function formatOfRecord(record: Record<string, unknown>): FormatName | undefined {
  if (isObject(record["label"])) return "cluener";
  const { entities } = record;
  if (!Array.isArray(entities)) return undefined;
  const first: unknown = entities[0];
  if (Array.isArray(first)) return "spans";
  if (!isObject(first)) return undefined;
  if ("start_idx" in first) return "cmeee";
  return "start" in first ? "spans" : undefined;
}

/**
 * Tells how a file is written by looking at its beginning.
 *
 * @throws GlobalPointerError `DATA` when it cannot be told, or the file cannot be read
 */
export async function detectFormat(path: string): Promise<FormatName> {
  const directory = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  let seen = 0;
  let empty = !directory;
  let found: FormatName | undefined;
  let plain: FormatName | undefined; // for records that have a text and nothing else that tells
  if (!directory) {
    const records = readJsonRecords(path, "{...}", (record) => {
      found = formatOfRecord(record);
      if (typeof record["text"] === "string") plain ??= "spans";
      return { text: "", entities: [], labelled: false };
    });
    for await (const { problem } of records) {
      empty = false;
      if (found !== undefined || problem !== undefined || ++seen >= MAX_RECORDS) break;
    }
  }
  if (empty) plain = "spans"; // that there is nothing in it is for the reader to tell
  if (found === undefined && plain === undefined) {
    throw new GlobalPointerError(
      "DATA",
      `${path}: its beginning does not tell how it is written; name the format, one of ${formatNames.join(", ")}`,
    );
  }
  return found ?? plain ?? "spans";
}
