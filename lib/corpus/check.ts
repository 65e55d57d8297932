import { withoutDuplicates } from "../data/distinct.js";
import type { FormatOptions } from "../data/formats/options.js";
import type { FileSample } from "../data/formats/record.js";
import { shown } from "../data/json-value.js";
import { readRecords, type SampleFormat } from "../data/read-samples.js";
import { GlobalPointerError } from "../errors.js";

/** Something about a record that its owner should know. */
export interface Finding {
  /** `file:line`. */
  place: string;
  /** An error keeps the record from being used; a warning does not. */
  severity: "error" | "warning";
  /** What it is and what mends it. */
  message: string;
}

/** What a check went through. */
export interface CheckSummary {
  records: number;
  texts: number;
  entities: number;
  unlabelled: number;
  errors: number;
  warnings: number;
}

/** Control characters that no text needs: all but tab, line feed and carriage return. */
const CONTROL = /(?![\t\n\r])\p{Cc}/u;
const LONE_SURROGATE = /\p{Cs}/u;

function* oddities(sample: FileSample): Generator<string> {
  const { text, entities, labelled } = sample;
  if (!labelled) yield "has no annotation: fine to predict on, but training and evaluation refuse it";
  const lone = LONE_SURROGATE.exec(text);
  if (lone !== null) {
    yield `the text holds half a surrogate pair at ${lone.index}, which no encoder knows; mend or remove it`;
  }
  const control = CONTROL.exec(text);
  if (control !== null) {
    const code = text.charCodeAt(control.index).toString(16).toUpperCase().padStart(4, "0");
    yield `the text holds the control character U+${code} at ${control.index}, which no model sees; remove it`;
  }
  for (const { type, start, end } of withoutDuplicates(entities).dropped) {
    yield `${type} ${shown(text.slice(start, end))} [${start}, ${end}) stands twice; remove one`;
  }
  for (const { type, start, end } of entities) {
    const mention = text.slice(start, end);
    if (mention.trim() !== mention) {
      yield `${type} ${shown(mention)} [${start}, ${end}) begins or ends with a blank, where no token can; narrow it`;
    }
    if (type.trim() !== type) yield `the type ${shown(type)} begins or ends with a blank; mend its name`;
  }
}

/** A fault that keeps a whole file from being read; its message names the place first, as errors of readers do. */
function unreadable(path: string, { message }: GlobalPointerError): Finding {
  const [, line, rest] = message.startsWith(path) ? /^(:\d+)?: (.*)$/s.exec(message.slice(path.length)) ?? [] : [];
  return { place: path + (line ?? ""), severity: "error", message: rest ?? message };
}

/**
 * Goes through a file record by record and tells every fault and oddity, one that cannot be read at all too.
 *
 * @param summary is counted up on the way
 */
export async function* checkFile(
  path: string, format: SampleFormat, options: FormatOptions, summary: CheckSummary,
): AsyncGenerator<Finding> {
  try {
    yield* checkRecords(path, format, options, summary);
  } catch (error) {
    if (!(error instanceof GlobalPointerError) || error.code !== "DATA") throw error;
    summary.errors++;
    yield unreadable(path, error);
  }
}

async function* checkRecords(
  path: string, format: SampleFormat, options: FormatOptions, summary: CheckSummary,
): AsyncGenerator<Finding> {
  let records = 0;
  for await (const { place, sample, problem, notices = [] } of readRecords(path, format, options)) {
    records++;
    if (sample === undefined) {
      summary.errors++;
      yield { place, severity: "error", message: problem ?? "cannot be used" };
    } else {
      summary.texts++;
      summary.entities += sample.entities.length;
      if (!sample.labelled) summary.unlabelled++;
    }
    for (const message of [...notices, ...sample === undefined ? [] : oddities(sample)]) {
      summary.warnings++;
      yield { place, severity: "warning", message };
    }
  }
  summary.records += records;
  if (records > 0) return;
  summary.errors++;
  yield { place: path, severity: "error", message: "holds no texts; give a file of annotated texts" };
}

export function emptyCheckSummary(): CheckSummary {
  return { records: 0, texts: 0, entities: 0, unlabelled: 0, errors: 0, warnings: 0 };
}
