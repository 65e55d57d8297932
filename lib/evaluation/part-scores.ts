import type { PartRow, PartScores } from "./explanation.js";
import { ratio } from "./metrics.js";

/** Counts of a part of the entities; see PartScores. */
export class PartCounts {
  support = 0;
  found = 0;
  predicted = 0;
  correct = 0;

  addGold(found: boolean): void {
    this.support++;
    if (found) this.found++;
  }

  addPredicted(correct: boolean): void {
    this.predicted++;
    if (correct) this.correct++;
  }

  scores(): PartScores {
    const { support, found, predicted, correct } = this;
    const precision = ratio(correct, predicted);
    const recall = ratio(found, support);
    const f1 = ratio(2 * precision * recall, precision + recall);
    return { precision, recall, f1, support, found, predicted, correct };
  }
}

/** Counts by part, listed in the order in which the parts were named. */
export class Breakdown {
  private readonly parts = new Map<string, PartCounts>();

  constructor(private readonly names: readonly string[]) {}

  of(name: string): PartCounts {
    const known = this.parts.get(name);
    if (known !== undefined) return known;
    const counts = new PartCounts();
    this.parts.set(name, counts);
    return counts;
  }

  /** The parts that occur. */
  rows(): PartRow[] {
    return this.names.flatMap((name) => {
      const counts = this.parts.get(name);
      return counts === undefined || counts.support + counts.predicted === 0 ? [] : [{ name, ...counts.scores() }];
    });
  }
}

/** Names of length ranges, and which one a length falls into. */
export class LengthRanges {
  readonly names: readonly string[];

  /** @param bounds the last length of each range but the open one at the end, ascending */
  constructor(private readonly bounds: readonly number[]) {
    const ranges = bounds.map((last, index) => {
      const first = (bounds[index - 1] ?? 0) + 1;
      return first === last ? `${last}` : `${first}-${last}`;
    });
    this.names = [...ranges, `over ${bounds.at(-1) ?? 0}`];
  }

  nameOf(length: number): string {
    const index = this.bounds.findIndex((last) => length <= last);
    return this.names[index < 0 ? this.bounds.length : index] ?? "";
  }
}
