import type { Entity } from "../data/sample.js";
import type { SpanError } from "./explanation.js";

function overlap(a: Entity, b: Entity): number {
  return Math.min(a.end, b.end) - Math.max(a.start, b.start);
}

/**
 * Pairs what was missed in one text with what was predicted in its place, each entity at most once: first those on the
 * same characters, then those of the same type that share characters, then those of different types that do, each time
 * the pair that shares most first. What is left on either side is missed or spurious.
 *
 * @param missed annotated entities that were not predicted
 * @param wrong predicted entities that are not annotated
 * @returns the errors by where they begin
 */
export function pairErrors(missed: readonly Entity[], wrong: readonly Entity[]): SpanError[] {
  const candidates: { gold: number; predicted: number; rank: number; shared: number }[] = [];
  const byStart = [...wrong.keys()].sort((a, b) => (wrong[a]?.start ?? 0) - (wrong[b]?.start ?? 0));
  missed.forEach((gold, goldIndex) => {
    for (const index of byStart) {
      const predicted = wrong[index];
      if (predicted === undefined || predicted.start >= gold.end) break;
      const shared = overlap(gold, predicted);
      if (shared <= 0) continue;
      const sameRange = gold.start === predicted.start && gold.end === predicted.end;
      const rank = sameRange ? 0 : gold.type === predicted.type ? 1 : 2;
      candidates.push({ gold: goldIndex, predicted: index, rank, shared });
    }
  });
  candidates.sort((a, b) => a.rank - b.rank || b.shared - a.shared || a.gold - b.gold || a.predicted - b.predicted);
  const [goldTaken, predictedTaken] = [new Set<number>(), new Set<number>()];
  const errors: SpanError[] = [];
  for (const { gold, predicted, rank } of candidates) {
    if (goldTaken.has(gold) || predictedTaken.has(predicted)) continue;
    goldTaken.add(gold);
    predictedTaken.add(predicted);
    const [expected, got] = [missed[gold], wrong[predicted]];
    if (expected === undefined || got === undefined) continue;
    errors.push({ kind: rank === 1 ? "boundary" : "type", gold: expected, predicted: got });
  }
  missed.forEach((gold, index) => { if (!goldTaken.has(index)) errors.push({ kind: "missed", gold }); });
  wrong.forEach((predicted, index) => {
    if (!predictedTaken.has(index)) errors.push({ kind: "spurious", predicted });
  });
  return errors.sort((a, b) => startOf(a) - startOf(b));
}

function startOf({ gold, predicted }: SpanError): number {
  return Math.min(gold?.start ?? Infinity, predicted?.start ?? Infinity);
}
