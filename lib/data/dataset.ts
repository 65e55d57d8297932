import type { Encoding } from "../tokenizer/bert-tokenizer.js";
import { alignEntities, type Alignment } from "./align.js";
import { AlignmentReport } from "./alignment-report.js";
import { Int32Column } from "./int32-column.js";
import type { PackedBatch, SpanTable } from "./packed-batch.js";
import type { Sample } from "./sample.js";

/** A batch as the engine takes it, with the spans it should find. */
export interface LabelledBatch {
  batch: PackedBatch;
  gold: SpanTable;
}

/**
 * Token ids and gold spans of many samples, end to end in flat columns: no texts, no offsets, no label matrices, so
 * that memory grows with tokens and entities alone.
 */
export class Dataset {
  private readonly inputIds = new Int32Column();
  private readonly sampleStarts = new Int32Column(); // [samples + 1], tokens
  private readonly spanStarts = new Int32Column(); // [samples + 1], spans
  private readonly entityType = new Int32Column();
  private readonly start = new Int32Column();
  private readonly end = new Int32Column();

  constructor() {
    this.sampleStarts.push(0);
    this.spanStarts.push(0);
  }

  get sampleCount(): number {
    return this.sampleStarts.length - 1;
  }

  get tokenCount(): number {
    return this.inputIds.length;
  }

  get spanCount(): number {
    return this.start.length;
  }

  /** Tokens of one sample, special tokens included. */
  lengthOf(sample: number): number {
    return this.sampleStarts.at(sample + 1) - this.sampleStarts.at(sample);
  }

  add({ encoding, spans }: Pick<Alignment, "encoding" | "spans">): void {
    this.inputIds.append(encoding.inputIds);
    for (const span of spans) {
      this.entityType.push(span.entityType);
      this.start.push(span.start);
      this.end.push(span.end);
    }
    this.sampleStarts.push(this.inputIds.length);
    this.spanStarts.push(this.start.length);
  }

  /**
   * The given samples as one batch, in the given order.
   *
   * @throws RangeError for an index outside the set.
   */
  batch(samples: ArrayLike<number>): LabelledBatch {
    const order = Array.from(samples);
    const tokens = order.reduce((sum, sample) => sum + this.lengthOf(sample), 0);
    const spans = order.reduce((sum, sample) => sum + this.spanStarts.at(sample + 1) - this.spanStarts.at(sample), 0);
    const batch = { inputIds: new Int32Array(tokens), sequenceStarts: new Int32Array(order.length + 1) };
    const gold = {
      sequence: new Int32Array(spans),
      entityType: new Int32Array(spans),
      start: new Int32Array(spans),
      end: new Int32Array(spans),
    };
    let token = 0;
    let span = 0;
    order.forEach((sample, sequence) => {
      const ids = this.inputIds.view(this.sampleStarts.at(sample), this.sampleStarts.at(sample + 1));
      batch.inputIds.set(ids, token);
      token += ids.length;
      batch.sequenceStarts[sequence + 1] = token;
      const [from, to] = [this.spanStarts.at(sample), this.spanStarts.at(sample + 1)];
      gold.sequence.fill(sequence, span, span + to - from);
      gold.entityType.set(this.entityType.view(from, to), span);
      gold.start.set(this.start.view(from, to), span);
      gold.end.set(this.end.view(from, to), span);
      span += to - from;
    });
    return { batch, gold };
  }
}

interface DatasetOptions {
  /** The model's types, in its order. */
  entityTypes: readonly string[];
  /** Longer encodings are cut to this, special tokens counted. */
  maxTokens: number;
  /** Encodes with special tokens and without truncation. */
  encode: (text: string) => Encoding;
}

/** Encodes, aligns and packs a stream of samples; the report tells what got lost on the way. */
export async function buildDataset(
  samples: AsyncIterable<Sample> | Iterable<Sample>, { entityTypes, maxTokens, encode }: DatasetOptions,
): Promise<{ dataset: Dataset; report: AlignmentReport }> {
  const typeIndex = new Map(entityTypes.map((type, index) => [type, index]));
  const dataset = new Dataset();
  const report = new AlignmentReport();
  for await (const sample of samples) {
    const alignment = alignEntities(sample.entities, encode(sample.text), typeIndex, maxTokens);
    dataset.add(alignment);
    report.add(sample, alignment);
  }
  return { dataset, report };
}
