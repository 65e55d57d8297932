import { GlobalPointerError } from "../errors.js";
import { withoutDuplicates } from "./distinct.js";
import { detectFormat } from "./formats/detect.js";
import type { FormatOptions } from "./formats/options.js";
import type { FileRecord, FileSample } from "./formats/record.js";
import { formatNames, formatOf, type FormatName } from "./formats/registry.js";
import { shown } from "./json-value.js";
import { statInput } from "./lines.js";
import type { Sample } from "./sample.js";

const LISTED_PROBLEMS = 5;

/** What a reader came across; filled in while it reads. */
export interface ReadReport {
  samples: number;
  /** Without duplicates. */
  entities: number;
  /** Texts without annotation. */
  unlabelled: number;
  /** Entities dropped because the record names the same type and range twice. */
  duplicates: number;
  duplicateExamples: string[];
  /** Faulty records that were left out; only with `skipFaulty`. */
  skipped: number;
  skippedExamples: string[];
}

export interface ReadOptions {
  /** How the file is written; default: as its beginning tells. */
  format?: SampleFormat;
  /** What else has to be known of the format. */
  formatOptions?: FormatOptions;
  /** The types that may occur; any other is an error. Without it, every type is taken. */
  entityTypes?: readonly string[];
  /** For training and evaluation: a record without annotation, and a file without records, is an error. */
  requireLabels?: boolean;
  /** Leaves faulty records out, with a count in the report, in place of ending with an error. */
  skipFaulty?: boolean;
  report?: ReadReport;
}

/** Names of the annotation formats, as the config and the commands take them; `auto` looks at the file. */
export const sampleFormats = ["auto", ...formatNames] as const;

export type SampleFormat = "auto" | FormatName;

export function emptyReadReport(): ReadReport {
  return {
    samples: 0, entities: 0, unlabelled: 0, duplicates: 0, duplicateExamples: [], skipped: 0, skippedExamples: [],
  };
}

/**
 * Streams what a file or directory holds, faulty records included.
 *
 * @throws GlobalPointerError `DATA` when it cannot be read, or `auto` cannot tell the format
 */
export async function* readRecords(
  path: string, format: SampleFormat, options: FormatOptions = {},
): AsyncGenerator<FileRecord> {
  const name = await resolveFormat(path, format);
  const found = formatOf(name);
  const known = found.options;
  const foreign = Object.keys(options).find((option) => !known.some((own) => own === option));
  if (foreign !== undefined) {
    const own = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
    throw new GlobalPointerError("DATA", `the format ${name} of ${path} has no option ${foreign}; ${own}`);
  }
  yield* found.read(path, options);
}

/** The format of a file: the one named, or the one that its beginning shows. @throws GlobalPointerError `DATA` */
export async function resolveFormat(path: string, format: SampleFormat): Promise<FormatName> {
  const found = statInput(path);
  if (found !== undefined && !found.isFile() && !found.isDirectory()) {
    throw new GlobalPointerError(
      "DATA", `${path}: is a pipe or a device, but has to be read more than once; save what comes from it to a file`,
    );
  }
  return format === "auto" ? detectFormat(path) : format;
}

/** Names as they are told on a terminal, where control characters must not come through. */
function printable(names: string): string {
  return names.replace(/\p{Cc}/gu, "\ufffd");
}

/** The fault of a record that can be read but not be used, or undefined. */
function unusable(
  { entities, labelled }: FileSample, known: ReadonlySet<string> | undefined, requireLabels: boolean,
): string | undefined {
  if (!labelled && requireLabels) return "has no annotation; add it (an empty one when there is no entity)";
  const foreign = known === undefined ? undefined : entities.find(({ type }) => !known.has(type));
  if (known === undefined || foreign === undefined) return undefined;
  return `unknown entity type ${shown(foreign.type)}; known are ${printable([...known].join(", "))} `
    + "(data.entityTypes of the config, or all of the training set)";
}

function refuse(problems: string[], count: number): never {
  const [first = "", ...others] = problems;
  if (count === 1) throw new GlobalPointerError("DATA", first);
  const more = count - problems.length;
  throw new GlobalPointerError("DATA", [
    first, `${count - 1} more ${count === 2 ? "place is" : "places are"} bad:`, ...others.map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more (gp-data check lists all)`] : []),
  ].join("\n"));
}

/**
 * Streams the samples of an annotation file, entities without duplicates. After the first bad record no more samples
 * come, but the rest is still read so that the error can tell how many are bad.
 *
 * @throws GlobalPointerError `DATA` when it cannot be read, holds no sample where labels are required, or has records
 * that are not what the format says, each named as file:line
 */
export async function* readSamples(path: string, options: ReadOptions = {}): AsyncGenerator<Sample> {
  const { format = "auto", formatOptions, entityTypes, report } = options;
  const { requireLabels = false, skipFaulty = false } = options;
  const known = entityTypes === undefined ? undefined : new Set(entityTypes);
  const problems: string[] = [];
  let bad = 0;
  let samples = 0;
  for await (const { place, sample, problem } of readRecords(path, format, formatOptions)) {
    const fault = sample === undefined ? problem ?? "cannot be used" : unusable(sample, known, requireLabels);
    if (fault !== undefined && skipFaulty) {
      if (report !== undefined && ++report.skipped <= LISTED_PROBLEMS) {
        report.skippedExamples.push(`${place}: ${fault}`);
      }
      continue;
    }
    if (fault !== undefined) {
      bad++;
      if (problems.length < LISTED_PROBLEMS) problems.push(`${place}: ${fault}`);
    }
    if (bad > 0 || sample === undefined) continue;
    const { labelled, entities, ...rest } = sample;
    const { kept, dropped } = entities.length < 2 ? { kept: entities, dropped: [] } : withoutDuplicates(entities);
    samples++;
    if (report !== undefined) {
      report.samples++;
      report.entities += kept.length;
      if (!labelled) report.unlabelled++;
      report.duplicates += dropped.length;
      for (const { type, start, end } of dropped) {
        if (report.duplicateExamples.length >= LISTED_PROBLEMS) break;
        report.duplicateExamples.push(`${place}: ${type} ${shown(sample.text.slice(start, end))}`);
      }
    }
    yield { ...rest, entities: kept };
  }
  if (bad > 0) refuse(problems, bad);
  if (samples === 0 && requireLabels) {
    throw new GlobalPointerError("DATA", `${path}: holds no samples; give a file of annotated texts`);
  }
}

/** Lines that tell a person what was dropped or left out; none when nothing was. */
export function formatReadReport(report: ReadReport, name: string): string[] {
  const { duplicates, duplicateExamples, skipped, skippedExamples } = report;
  return [
    ...(duplicates === 0 ? [] : [
      `${name}: ${duplicates} entities stand twice in their text; each counts once`,
      ...duplicateExamples.map((example) => `    ${example}`),
    ]),
    ...(skipped === 0 ? [] : [
      `${name}: ${skipped} faulty ${skipped === 1 ? "text was" : "texts were"} left out`,
      ...skippedExamples.map((example) => `    ${example}`),
    ]),
  ];
}
