import type { FormatOptions } from "../data/formats/options.js";
import type { SampleWriter } from "../data/formats/format.js";
import { formatOf, type FormatName } from "../data/formats/registry.js";
import { readRecords, readSamples, type ReadReport, type SampleFormat } from "../data/read-samples.js";
import type { Sample } from "../data/sample.js";
import { GlobalPointerError } from "../errors.js";
import { counted } from "./counted.js";
import { refuseOverwriting } from "./write-together.js";

const LISTED = 3;

/** Where annotated texts come from. */
export interface Source {
  path: string;
  format: SampleFormat;
  options?: FormatOptions;
  /** Leaves faulty texts, and those without annotation, out in place of refusing the source. */
  skipFaulty?: boolean;
  /** Filled in while the source is read for the first time. */
  report?: ReadReport;
}

/** Where they go to. */
export interface Target {
  path: string;
  format: FormatName;
  /** Those that the writer of the format looks at; any other is an error. */
  options?: FormatOptions;
}

/** What a format cannot hold, by reason, with a few places. */
class Refusals {
  private readonly reasons = new Map<string, { count: number; places: string[] }>();
  private count = 0;

  add(reason: string, place: string): void {
    this.count++;
    const known = this.reasons.get(reason) ?? { count: 0, places: [] };
    this.reasons.set(reason, known);
    known.count++;
    if (known.places.length < LISTED) known.places.push(place);
  }

  /** @throws GlobalPointerError `DATA` when there are any */
  refuse(source: string, format: FormatName): void {
    if (this.count === 0) return;
    const lines = [...this.reasons].map(([reason, { count, places }]) => {
      const more = count > places.length ? ` and ${count - places.length} more` : "";
      return `  ${count}: ${reason} (${places.join(", ")}${more})`;
    });
    throw new GlobalPointerError("DATA", [
      `${source}: the format ${format} cannot hold ${counted(this.count, "text")}; mend them or choose another format:`,
      ...lines,
    ].join("\n"));
  }
}

/** @throws GlobalPointerError `CONFIG` for an option that would be ignored */
export function writerFor({ format, options = {} }: Target): SampleWriter {
  const found = formatOf(format);
  const known = found.writerOptions ?? [];
  const foreign = Object.keys(options).find((option) => !known.some((own) => own === option));
  if (foreign === undefined) return found.writer(options);
  const own = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  throw new GlobalPointerError("CONFIG", `the format ${format} has no option ${foreign} for writing; ${own}`);
}

/** Samples for a writer: they have to say whether there are entities. */
export function annotatedSamples(source: Source, report?: ReadReport): AsyncGenerator<Sample> {
  const { path, format, options, skipFaulty = false } = source;
  return readSamples(path, {
    format, skipFaulty, requireLabels: true, ...(options === undefined ? {} : { formatOptions: options }),
    ...(report === undefined ? {} : { report }),
  });
}

/**
 * Lets a writer look at all samples of a source that concern it.
 *
 * @param concerns tells by the index of a sample
 * @throws GlobalPointerError `DATA` with a count of what it cannot hold
 */
export async function surveyAll(
  writer: SampleWriter, source: Source, format: FormatName, concerns: (index: number) => boolean = () => true,
): Promise<void> {
  const refusals = new Refusals();
  let index = 0;
  for await (const { place, sample } of readRecords(source.path, source.format, source.options)) {
    // What cannot be used was told before this, or is left out: readSamples has gone through the source.
    if (sample?.labelled !== true || !concerns(index++)) continue;
    const reason = writer.survey(sample);
    if (reason !== undefined) refusals.add(reason, place);
  }
  refusals.refuse(source.path, format);
}

/** Goes through a source once, so that faults are told before anything else. @throws GlobalPointerError `DATA` */
async function readThrough(source: Source): Promise<number> {
  const samples = annotatedSamples(source, source.report);
  let count = 0;
  while ((await samples.next()).done !== true) count++;
  return count;
}

/**
 * Writes annotated texts in another format.
 *
 * @returns how many texts there are
 * @throws GlobalPointerError `DATA` when the source is faulty, or holds what the target cannot; `OUTPUT`; `CONFIG`
 */
export async function convert(source: Source, target: Target): Promise<number> {
  const writer = writerFor(target);
  refuseOverwriting(source.path, [target.path]);
  const count = await readThrough(source);
  await surveyAll(writer, source, target.format);
  await writer.write(annotatedSamples(source), target.path);
  return count;
}
