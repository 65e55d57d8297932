import { Int32Column } from "../data/int32-column.js";
import { Random, shuffled } from "../data/random.js";
import type { Sample } from "../data/sample.js";
import { GlobalPointerError } from "../errors.js";
import { annotatedSamples, surveyAll, writerFor, type Source, type Target } from "./convert.js";
import { counted } from "./counted.js";
import { textDigest } from "./text-digest.js";
import { refuseOverwriting, writeTogether } from "./write-together.js";

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
  const lacking = shares.map((share) => share * total);
  const parts = new Uint8Array(sizes.length);
  for (const group of shuffled(sizes.length, new Random(seed))) {
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
 * what a model is measured on is not what it has learnt. The parts appear together, or none does.
 *
 * @returns how many texts each part has
 * @throws GlobalPointerError `DATA` when the source is faulty, has too few texts to give each part one, or holds what a
 * target cannot; `OUTPUT`; `CONFIG`
 */
export async function split(source: Source, parts: readonly SplitPart[], seed: number): Promise<number[]> {
  const outputs = parts.map(({ target }) => ({ target, writer: writerFor(target) }));
  refuseOverwriting(source.path, parts.map(({ target }) => target.path));
  const groups = new Map<string, number>();
  const sizes: number[] = [];
  const groupOf = new Int32Column(); // [texts]
  for await (const { text } of annotatedSamples(source, source.report)) {
    const digest = textDigest(text);
    const group = groups.get(digest) ?? groups.size;
    groups.set(digest, group);
    sizes[group] = (sizes[group] ?? 0) + 1;
    groupOf.push(group);
  }
  const different = groups.size;
  groups.clear();
  const partOf = deal(sizes, parts.map(({ share }) => share), seed);
  const counts = parts.map(() => 0);
  for (let text = 0; text < groupOf.length; text++) {
    const part = partOf[groupOf.at(text)] ?? 0;
    counts[part] = (counts[part] ?? 0) + 1;
  }
  const empty = parts[counts.indexOf(0)];
  if (empty !== undefined) {
    const texts = `${counted(groupOf.length, "text")}, ${different} of them different`;
    throw new GlobalPointerError(
      "DATA", `${source.path}: has ${texts}, which leaves none for ${empty.target.path} with its share of `
      + `${Number(empty.share.toFixed(4))}; give it a larger share, or split a larger file`,
    );
  }
  const belongs = (index: number) => (text: number): boolean => partOf[groupOf.at(text)] === index;
  for (const [index, { writer, target }] of outputs.entries()) {
    await surveyAll(writer, source, target.format, belongs(index));
  }
  await writeTogether(outputs.map(({ writer, target }, index) => ({
    path: target.path,
    write: (path) => writer.write(only(annotatedSamples(source), belongs(index)), path),
  })));
  return counts;
}
