import { entityKey, withoutDuplicates } from "../data/distinct.js";
import type { Entity, Sample } from "../data/sample.js";
import { bootstrapIntervals, TextCounts } from "./bootstrap.js";
import { ExcerptCollector } from "./excerpts.js";
import { errorKinds, type Confusion, type ErrorKind, type Explanation } from "./explanation.js";
import { macroScores, type Metrics } from "./metrics.js";
import { nestingOf, nestings } from "../data/nesting.js";
import { pairErrors } from "./pairing.js";
import { Breakdown, LengthRanges, PartCounts } from "./part-scores.js";
import type { SeenMentions } from "./seen-mentions.js";

const mentionLengths = new LengthRanges([1, 2, 3, 4, 6, 10, 20, 40]);
const documentLengths = new LengthRanges([16, 32, 64, 128, 256, 512, 1024, 4096]);
const SEEN = ["seen in training", "not seen"] as const;

/** Whether an entity of the same type shares a character with each of some entities. */
function overlapsSameType(entities: readonly Entity[], others: readonly Entity[]): boolean[] {
  const byType = new Map<string, Entity[]>();
  for (const other of others) {
    const group = byType.get(other.type);
    if (group === undefined) byType.set(other.type, [other]);
    else group.push(other);
  }
  // By start, with the furthest end so far: what begins before an entity's end and reaches beyond its start overlaps.
  const reach = new Map<string, { starts: number[]; ends: number[] }>();
  for (const [type, group] of byType) {
    group.sort((a, b) => a.start - b.start);
    let furthest = 0;
    const ends = group.map(({ end }) => furthest = Math.max(furthest, end));
    reach.set(type, { starts: group.map(({ start }) => start), ends });
  }
  return entities.map(({ start, end, type }) => {
    const { starts = [], ends = [] } = reach.get(type) ?? {};
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) < end) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (ends[low - 1] ?? 0) > start;
  });
}

/** Square counts with one more row and column for "none". */
class ConfusionCounts {
  private readonly index = new Map<string, number>();
  private readonly cells = new Map<string, number>();

  constructor(types: Iterable<string>) {
    for (const type of types) this.indexOf(type);
  }

  add(gold: string | undefined, predicted: string | undefined): void {
    const place = (type: string | undefined): number => type === undefined ? -1 : this.indexOf(type);
    const key = `${place(gold)} ${place(predicted)}`;
    this.cells.set(key, (this.cells.get(key) ?? 0) + 1);
  }

  result(): Confusion {
    const types = [...this.index.keys()];
    const place = (written = "-1"): number => written === "-1" ? types.length : Number(written);
    const counts = Array.from({ length: types.length + 1 }, () => new Array<number>(types.length + 1).fill(0));
    for (const [key, count] of this.cells) {
      const [gold, predicted] = key.split(" ");
      const row = counts[place(gold)];
      if (row !== undefined) row[place(predicted)] = count;
    }
    return { types, counts };
  }

  private indexOf(type: string): number {
    const known = this.index.get(type);
    if (known !== undefined) return known;
    this.index.set(type, this.index.size);
    return this.index.size - 1;
  }
}

/** Gathers, text by text, what explains the scores of an evaluation; see Explanation for what the parts mean. */
export class ExplainedMetrics {
  readonly counts = new TextCounts();
  private readonly types = new Map<string, number>();
  private readonly overlap = new PartCounts();
  private readonly boundary = new PartCounts();
  private readonly typeOnly = new PartCounts();
  private readonly nesting = new Breakdown(nestings);
  private readonly mentionLength = new Breakdown(mentionLengths.names);
  private readonly documentLength = new Breakdown(documentLengths.names);
  private readonly seenParts = new Breakdown(SEEN);
  private readonly confusion: ConfusionCounts;
  private readonly errorCounts = new Map<ErrorKind, number>(errorKinds.map((kind) => [kind, 0]));
  private readonly collector = new ExcerptCollector();
  private samples = 0;

  /** @param seen mentions of the training set, where it is known */
  constructor(entityTypes: readonly string[], private readonly seen?: SeenMentions) {
    this.confusion = new ConfusionCounts(entityTypes);
    for (const type of entityTypes) this.types.set(type, this.types.size);
  }

  add(sample: Sample, predictions: Iterable<Entity>): void {
    const gold = withoutDuplicates(sample.entities).kept;
    const predicted = withoutDuplicates([...predictions]).kept;
    const goldKeys = new Set(gold.map(entityKey));
    const predictedKeys = new Set(predicted.map(entityKey));
    const found = gold.map((entity) => predictedKeys.has(entityKey(entity)));
    const correct = predicted.map((entity) => goldKeys.has(entityKey(entity)));
    this.countStrict(gold, predicted, correct);
    this.countRelaxed(gold, predicted);
    this.countParts(sample.text, gold, found, predicted, correct);
    this.countErrors(sample, gold, found, predicted, correct);
    this.samples++;
  }

  result(metrics: Metrics): Explanation {
    return {
      macro: macroScores(metrics),
      intervals: bootstrapIntervals(this.counts),
      relaxed: {
        overlap: this.overlap.scores(), boundary: this.boundary.scores(), type: this.typeOnly.scores(),
      },
      nesting: this.nesting.rows(),
      mentionLength: this.mentionLength.rows(),
      documentLength: this.documentLength.rows(),
      ...(this.seen === undefined ? {} : { seen: this.seenParts.rows() }),
      confusion: this.confusion.result(),
      errorCounts: Object.fromEntries(this.errorCounts) as Record<ErrorKind, number>,
      excerpts: this.collector.excerpts,
    };
  }

  private typeIndex(type: string): number {
    const known = this.types.get(type);
    if (known !== undefined) return known;
    this.types.set(type, this.types.size);
    return this.types.size - 1;
  }

  private countStrict(gold: readonly Entity[], predicted: readonly Entity[], correct: readonly boolean[]): void {
    const rows = new Map<number, { type: number; support: number; predicted: number; correct: number }>();
    const rowOf = (type: string): { support: number; predicted: number; correct: number } => {
      const index = this.typeIndex(type);
      const row = rows.get(index) ?? { type: index, support: 0, predicted: 0, correct: 0 };
      rows.set(index, row);
      return row;
    };
    for (const { type } of gold) rowOf(type).support++;
    predicted.forEach(({ type }, index) => {
      const row = rowOf(type);
      row.predicted++;
      if (correct[index] === true) row.correct++;
    });
    this.counts.add(rows.values());
  }

  private countRelaxed(gold: readonly Entity[], predicted: readonly Entity[]): void {
    for (const hit of overlapsSameType(gold, predicted)) this.overlap.addGold(hit);
    for (const hit of overlapsSameType(predicted, gold)) this.overlap.addPredicted(hit);

    const ranges = (entities: readonly Entity[]): Set<string> =>
      new Set(entities.map(({ start, end }) => `${start} ${end}`));
    const [goldRanges, predictedRanges] = [ranges(gold), ranges(predicted)];
    for (const range of goldRanges) this.boundary.addGold(predictedRanges.has(range));
    for (const range of predictedRanges) this.boundary.addPredicted(goldRanges.has(range));

    const left = new Map<string, number>(); // entities of each type that are still to be matched
    const countTypes = (entities: readonly Entity[]): Map<string, number> => {
      const counts = new Map<string, number>();
      for (const { type } of entities) counts.set(type, (counts.get(type) ?? 0) + 1);
      return counts;
    };
    const [goldTypes, predictedTypes] = [countTypes(gold), countTypes(predicted)];
    for (const type of new Set([...goldTypes.keys(), ...predictedTypes.keys()])) {
      left.set(type, Math.min(goldTypes.get(type) ?? 0, predictedTypes.get(type) ?? 0));
    }
    for (const [counts, add] of [
      [goldTypes, (hit: boolean) => { this.typeOnly.addGold(hit); }],
      [predictedTypes, (hit: boolean) => { this.typeOnly.addPredicted(hit); }],
    ] as const) {
      for (const [type, count] of counts) {
        for (let number = 0; number < count; number++) add(number < (left.get(type) ?? 0));
      }
    }
  }

  private countParts(
    text: string, gold: readonly Entity[], found: readonly boolean[], predicted: readonly Entity[],
    correct: readonly boolean[],
  ): void {
    const documentLength = this.documentLength.of(documentLengths.nameOf(text.length));
    const partsOf = (entity: Entity, nesting: string): PartCounts[] => [
      this.nesting.of(nesting), this.mentionLength.of(mentionLengths.nameOf(entity.end - entity.start)), documentLength,
      ...(this.seen === undefined ? []
        : [this.seenParts.of(SEEN[this.seen.has(entity.type, text.slice(entity.start, entity.end)) ? 0 : 1])]),
    ];
    const goldNesting = nestingOf(gold);
    gold.forEach((entity, index) => {
      for (const part of partsOf(entity, goldNesting[index] ?? "flat")) part.addGold(found[index] ?? false);
    });
    const predictedNesting = nestingOf(predicted);
    predicted.forEach((entity, index) => {
      for (const part of partsOf(entity, predictedNesting[index] ?? "flat")) part.addPredicted(correct[index] ?? false);
    });
  }

  private countErrors(
    sample: Sample, gold: readonly Entity[], found: readonly boolean[], predicted: readonly Entity[],
    correct: readonly boolean[],
  ): void {
    for (const [index, { type }] of gold.entries()) if (found[index] === true) this.confusion.add(type, type);
    const missed = gold.filter((_, index) => found[index] !== true);
    const wrong = predicted.filter((_, index) => correct[index] !== true);
    if (missed.length + wrong.length === 0) return;
    const errors = pairErrors(missed, wrong);
    for (const error of errors) {
      this.errorCounts.set(error.kind, (this.errorCounts.get(error.kind) ?? 0) + 1);
      this.confusion.add(error.gold?.type, error.predicted?.type);
    }
    this.collector.add(sample, this.samples, predicted, errors);
  }
}
