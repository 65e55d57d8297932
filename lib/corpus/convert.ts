import type { FormatOptions } from "../data/formats/options.js";
import type { SampleWriter } from "../data/formats/format.js";
import { formatOf, type FormatName } from "../data/formats/registry.js";
import { readSamples, readRecords, type SampleFormat } from "../data/read-samples.js";
import type { Sample } from "../data/sample.js";
import { GlobalPointerError } from "../errors.js";

const LISTED = 3;

/** Where annotated texts come from. */
export interface Source {
  path: string;
  format: SampleFormat;
  options?: FormatOptions;
}

/** Where they go to. */
export interface Target {
  path: string;
  format: FormatName;
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
    const texts = this.count === 1 ? "text" : "texts";
    throw new GlobalPointerError("DATA", [
      `${source}: the format ${format} cannot hold ${this.count} ${texts}; mend them or choose another format:`,
      ...lines,
    ].join("\n"));
  }
}

/** Samples for a writer: they have to say whether there are entities. */
export function annotatedSamples({ path, format, options }: Source): AsyncGenerator<Sample> {
  return readSamples(path, {
    format, requireLabels: true, ...(options === undefined ? {} : { formatOptions: options }),
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
    // What cannot be read was told before this: readSamples has gone through the source.
    if (sample === undefined || !concerns(index++)) continue;
    const reason = writer.survey(sample);
    if (reason !== undefined) refusals.add(reason, place);
  }
  refusals.refuse(source.path, format);
}

/** Goes through a source once, so that faults are told before anything else. @throws GlobalPointerError `DATA` */
async function readThrough(source: Source): Promise<number> {
  const samples = annotatedSamples(source);
  let count = 0;
  while ((await samples.next()).done !== true) count++;
  return count;
}

/**
 * Writes annotated texts in another format.
 *
 * @returns how many texts there are
 * @throws GlobalPointerError `DATA` when the source is faulty, or holds what the target cannot; `OUTPUT`
 */
export async function convert(source: Source, target: Target): Promise<number> {
  const count = await readThrough(source);
  const writer = formatOf(target.format).writer(target.options ?? {});
  await surveyAll(writer, source, target.format);
  await writer.write(annotatedSamples(source), target.path);
  return count;
}
