import { formatOf } from "../data/formats/registry.js";
import { Int32Column } from "../data/int32-column.js";
import { Random } from "../data/random.js";
import type { Sample } from "../data/sample.js";
import { annotatedSamples, surveyAll, type Source, type Target } from "./convert.js";
import { textDigest } from "./text-digest.js";

/** One part of a split. */
export interface SplitPart {
  target: Target;
  /** Of all texts, from 0 to 1; the parts' shares add up to 1. */
  share: number;
}

/**
 * Deals groups of texts out to parts, in an order that the seed settles: each group goes to the part that lacks most of
 * its share.
 *
 * @param sizes texts of each group
 * @returns [groups] the index of each group's part
 */
function deal(sizes: readonly number[], shares: readonly number[], seed: number): Uint8Array {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const order = Uint32Array.from(sizes, (_, group) => group);
  const random = new Random(seed);
  for (let last = order.length - 1; last > 0; last--) {
    const other = random.below(last + 1);
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  const lacking = shares.map((share) => share * total);
  const parts = new Uint8Array(sizes.length);
  for (const group of order) {
    const part = lacking.indexOf(Math.max(...lacking));
    parts[group] = part;
    lacking[part] = (lacking[part] ?? 0) - (sizes[group] ?? 0);
  }
  return parts;
}

async function* only(samples: AsyncIterable<Sample>, wanted: (index: number) => boolean): AsyncGenerator<Sample> {
  let index = 0;
  for await (const sample of samples) if (wanted(index++)) yield sample;
}

/**
 * Divides annotated texts into parts: the same seed gives the same parts, and equal texts go to the same one, so that
 * what a model is measured on is not what it has learnt.
 *
 * @returns how many texts each part has
 * @throws GlobalPointerError `DATA` when the source is faulty, or holds what a target cannot; `OUTPUT`
 */
export async function split(source: Source, parts: readonly SplitPart[], seed: number): Promise<number[]> {
  const groups = new Map<string, number>();
  const sizes: number[] = [];
  const groupOf = new Int32Column(); // [texts]
  for await (const { text } of annotatedSamples(source)) {
    const digest = textDigest(text);
    const group = groups.get(digest) ?? groups.size;
    groups.set(digest, group);
    sizes[group] = (sizes[group] ?? 0) + 1;
    groupOf.push(group);
  }
  groups.clear();
  const partOf = deal(sizes, parts.map(({ share }) => share), seed);
  const counts = parts.map(() => 0);
  for (let text = 0; text < groupOf.length; text++) {
    const part = partOf[groupOf.at(text)] ?? 0;
    counts[part] = (counts[part] ?? 0) + 1;
  }
  const writers = [];
  for (const [index, { target }] of parts.entries()) {
    const writer = formatOf(target.format).writer(target.options ?? {});
    const concerns = (text: number): boolean => partOf[groupOf.at(text)] === index;
    await surveyAll(writer, source, target.format, concerns);
    writers.push({ writer, concerns, target });
  }
  for (const { writer, concerns, target } of writers) {
    await writer.write(only(annotatedSamples(source), concerns), target.path);
  }
  return counts;
}
