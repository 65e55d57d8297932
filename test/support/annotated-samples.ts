import fc from "fast-check";
import type { FormatOptions } from "../../lib/data/formats/options.js";
import type { FileRecord } from "../../lib/data/formats/record.js";
import { formatOf, type FormatName } from "../../lib/data/formats/registry.js";
import { readRecords, type SampleFormat } from "../../lib/data/read-samples.js";
import type { Entity, Sample } from "../../lib/data/sample.js";
import type { SampleId } from "../../lib/data/sample-id.js";
import { TextOffsets } from "../../lib/data/text-offsets.js";

// Arbitrary corpora for the annotation formats, and what writing and reading them back gives.

/** Texts of every kind: line breaks, quotes, emoji, combining marks, characters beyond U+FFFF. */
export const texts = fc.oneof(
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
  fc.array(fc.constantFrom("a", "😀", "𠮷", "e\u0301", "中", "\n", "\r\n", "\"", "\\", "\t", " ", "\u2028"), {
    minLength: 1, maxLength: 10,
  }).map((parts) => parts.join("")),
);

const types = fc.constantFrom("PER", "ORG", "地名", "__proto__", "a-b", "1");

/** Entities anywhere in the text: nested, crossing, several on one span; none twice. */
function entitiesOf(text: string): fc.Arbitrary<Entity[]> {
  const offsets = new TextOffsets(text);
  const point = fc.nat(offsets.length - 1);
  const entity = fc.tuple(point, point, types).map(([a, b, type]): Entity => ({
    start: offsets.toUtf16(Math.min(a, b)), end: offsets.toUtf16(Math.max(a, b) + 1), type,
  }));
  return fc.uniqueArray(entity, {
    maxLength: 6, selector: ({ start, end, type }) => `${start} ${end} ${type}`,
  });
}

/** Samples with ids from `ids`, none twice, or without id. */
export function corpora(ids: fc.Arbitrary<SampleId | undefined>): fc.Arbitrary<Sample[]> {
  const sample = texts.chain((text) => fc.tuple(ids, entitiesOf(text)).map(([id, entities]): Sample => (
    { ...(id === undefined ? {} : { id }), text, entities }
  )));
  return fc.uniqueArray(sample, {
    minLength: 1, maxLength: 4, selector: ({ id }) => id,
    comparator: (a, b) => a !== undefined && b !== undefined && String(a) === String(b),
  });
}

export const anyIds: fc.Arbitrary<SampleId | undefined> = fc.oneof(
  fc.constant(undefined), fc.string({ maxLength: 5 }), fc.maxSafeInteger(),
);

async function* streamed(samples: readonly Sample[]): AsyncGenerator<Sample> {
  for (const sample of samples) yield await Promise.resolve(sample);
}

/** Surveys and writes samples in the format. @throws Error when it refuses one */
export async function write(
  name: FormatName, samples: readonly Sample[], path: string, options: FormatOptions = {},
): Promise<void> {
  const writer = formatOf(name).writer(options);
  for (const sample of samples) {
    const refused = writer.survey(sample);
    if (refused !== undefined) throw new Error(refused);
  }
  await writer.write(streamed(samples), path);
}

export async function records(
  path: string, format: SampleFormat, options: FormatOptions = {},
): Promise<FileRecord[]> {
  const found: FileRecord[] = [];
  for await (const record of readRecords(path, format, options)) found.push(record);
  return found;
}

function order(a: Entity, b: Entity): number {
  return a.start - b.start || a.end - b.end || (a.type < b.type ? -1 : 1);
}

/** Samples with their entities in one order, to compare. */
export function inOrder(samples: readonly (Sample | undefined)[]): unknown[] {
  return samples.map((sample) => sample === undefined ? undefined : {
    id: sample.id, text: sample.text, entities: [...sample.entities].sort(order),
  });
}

/** Objects that have some of the keys, with values of every kind, or ones that nearly fit. */
export function oddRecords(keys: readonly string[], nearly: readonly unknown[]): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<unknown>(null, true, 0, 1, -1, 2.5, 1e300, "", "a", "labels", "text"),
      fc.constantFrom(...nearly),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys, "__proto__", "length"), tie("value"), { maxKeys: 4 }),
    ),
  }));
  return fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 5 });
}
