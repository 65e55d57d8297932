import type { BertTokenizer } from "../tokenizer/bert-tokenizer.js";
import { DocumentAlignment, type AlignedWindow } from "./align.js";
import { AlignmentReport } from "./alignment-report.js";
import { Int32Column } from "./int32-column.js";
import type { PackedBatch, SpanTable } from "./packed-batch.js";
import type { Sample } from "./sample.js";
import type { WindowOptions } from "./windows.js";

/** A batch as the engine takes it, with the spans it should find. */
export interface LabelledBatch {
  batch: PackedBatch;
  gold: SpanTable;
}

/**
 * Token ids and gold spans of many sequences, end to end in flat columns: no texts, no offsets, no label matrices, so
 * that memory grows with tokens and entities alone. A sequence is a text, or a window of one that is long.
 */
export class Dataset {
  private readonly inputIds = new Int32Column();
  private readonly sequenceStarts = new Int32Column(); // [sequences + 1], tokens
  private readonly spanStarts = new Int32Column(); // [sequences + 1], spans
  private readonly entityType = new Int32Column();
  private readonly start = new Int32Column();
  private readonly end = new Int32Column();

  constructor() {
    this.sequenceStarts.push(0);
    this.spanStarts.push(0);
  }

  get sequenceCount(): number {
    return this.sequenceStarts.length - 1;
  }

  get tokenCount(): number {
    return this.inputIds.length;
  }

  get spanCount(): number {
    return this.start.length;
  }

  /** Tokens of one sequence, special tokens included. */
  lengthOf(sequence: number): number {
    return this.sequenceStarts.at(sequence + 1) - this.sequenceStarts.at(sequence);
  }

  /** Gold spans of one sequence. */
  spansOf(sequence: number): number {
    return this.spanStarts.at(sequence + 1) - this.spanStarts.at(sequence);
  }

  /** [types] gold spans of each type; one that lies in several windows counts in each. */
  typeCounts(types: number): number[] {
    const counts = new Array<number>(types).fill(0);
    for (let span = 0; span < this.spanCount; span++) {
      const type = this.entityType.at(span);
      counts[type] = (counts[type] ?? 0) + 1;
    }
    return counts;
  }

  add({ encoding, spans }: Pick<AlignedWindow, "encoding" | "spans">): void {
    this.inputIds.append(encoding.inputIds);
    for (const span of spans) {
      this.entityType.push(span.entityType);
      this.start.push(span.start);
      this.end.push(span.end);
    }
    this.sequenceStarts.push(this.inputIds.length);
    this.spanStarts.push(this.start.length);
  }

  /** Gives every span the type that stands under its present one in the list. */
  renumberTypes(renumbered: ArrayLike<number>): void {
    for (let span = 0; span < this.spanCount; span++) {
      this.entityType.set(span, renumbered[this.entityType.at(span)] ?? 0);
    }
  }

  /**
   * The given sequences as one batch, in the given order.
   *
   * @throws RangeError for an index outside the set.
   */
  batch(sequences: ArrayLike<number>): LabelledBatch {
    const order = Array.from(sequences);
    const tokens = order.reduce((sum, one) => sum + this.lengthOf(one), 0);
    const spans = order.reduce((sum, one) => sum + this.spansOf(one), 0);
    const batch = { inputIds: new Int32Array(tokens), sequenceStarts: new Int32Array(order.length + 1) };
    const gold = {
      sequence: new Int32Array(spans),
      entityType: new Int32Array(spans),
      start: new Int32Array(spans),
      end: new Int32Array(spans),
    };
    let token = 0;
    let span = 0;
    order.forEach((one, sequence) => {
      this.inputIds.copyTo(batch.inputIds, token, this.sequenceStarts.at(one), this.sequenceStarts.at(one + 1));
      token += this.lengthOf(one);
      batch.sequenceStarts[sequence + 1] = token;
      const [from, to] = [this.spanStarts.at(one), this.spanStarts.at(one + 1)];
      gold.sequence.fill(sequence, span, span + to - from);
      this.entityType.copyTo(gold.entityType, span, from, to);
      this.start.copyTo(gold.start, span, from, to);
      this.end.copyTo(gold.end, span, from, to);
      span += to - from;
    });
    return { batch, gold };
  }
}

export interface DatasetOptions extends WindowOptions {
  /** The model's types, in its order; default: those that occur, in the order of their code units. */
  entityTypes?: readonly string[];
  tokenizer: BertTokenizer;
}

export interface BuiltDataset {
  dataset: Dataset;
  entityTypes: readonly string[];
  /** What got lost on the way. */
  report: AlignmentReport;
}

/** Encodes, aligns and packs a stream of samples, none of which is kept. */
export async function buildDataset(
  samples: AsyncIterable<Sample> | Iterable<Sample>, { entityTypes, tokenizer, ...window }: DatasetOptions,
): Promise<BuiltDataset> {
  const typeIndex = new Map(entityTypes?.map((type, index) => [type, index]));
  const dataset = new Dataset();
  const report = new AlignmentReport();
  for await (const sample of samples) {
    if (entityTypes === undefined) {
      for (const { type } of sample.entities) if (!typeIndex.has(type)) typeIndex.set(type, typeIndex.size);
    }
    const alignment = new DocumentAlignment(sample, tokenizer, typeIndex, window);
    for (const aligned of alignment.windows()) dataset.add(aligned);
    report.add(sample, alignment);
  }
  if (entityTypes !== undefined) return { dataset, entityTypes, report };
  const sorted = [...typeIndex.keys()].sort();
  const places = new Map(sorted.map((type, index) => [type, index]));
  dataset.renumberTypes([...typeIndex.keys()].map((type) => places.get(type) ?? 0));
  return { dataset, entityTypes: sorted, report };
}
