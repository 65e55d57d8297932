import type { PackedBatch } from "../data/packed-batch.js";
import type { Entity } from "../data/sample.js";
import { settlesSpan, type DocumentWindow } from "../data/windows.js";
import type { Encoding } from "../tokenizer/bert-tokenizer.js";
import { SpanDecoder } from "./decode.js";
import type { DecodeOptions } from "./decode-options.js";
import type { NativeEngine } from "./native.js";
import { bestFlat, bestScoring, type RankedEntity } from "./selection.js";

/** A text as the windows that it was divided into, with whatever the caller wants back with its entities. */
export interface Document {
  windows: Iterable<DocumentWindow>;
}

export interface DocumentPrediction<D extends Document> {
  document: D;
  /** By start, then the longer first, then by type; made when asked for, as there may be very many. */
  entities: () => Iterable<Entity>;
}

/** What a batch found in the only window of a document: kept as columns, for there may be very many spans. */
interface WindowResult {
  window: DocumentWindow;
  decoder: SpanDecoder;
  /** Index of the window in its batch. */
  sequence: number;
}

/** A document on its way: some of its windows may still be waiting for their batch. */
interface Pending<D> {
  document: D;
  /** Of a document that fits into one window. */
  whole?: WindowResult;
  /** Of one that does not: what its windows have settled so far. The windows themselves are let go of. */
  settled: Entity[];
  waiting: number;
  complete: boolean;
}

/** Lays encodings end to end. */
export function packEncodings(encodings: readonly Encoding[]): PackedBatch {
  const sequenceStarts = new Int32Array(encodings.length + 1);
  encodings.forEach(({ inputIds }, index) => {
    sequenceStarts[index + 1] = (sequenceStarts[index] ?? 0) + inputIds.length;
  });
  const inputIds = new Int32Array(sequenceStarts[encodings.length] ?? 0);
  encodings.forEach((encoding, index) => { inputIds.set(encoding.inputIds, sequenceStarts[index]); });
  return { inputIds, sequenceStarts };
}

/** Code units decide, as in SpanDecoder. */
function inOrder(a: Entity, b: Entity): number {
  return a.start - b.start || b.end - a.end || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0);
}

/** What the windows of a document have settled, sorted; the same characters with the same type stand for one entity. */
function distinctInOrder(settled: readonly Entity[]): Entity[] {
  const distinct: Entity[] = [];
  for (const entity of [...settled].sort(inOrder)) {
    const previous = distinct.at(-1);
    if (previous === undefined || inOrder(previous, entity) !== 0) distinct.push({ ...entity });
    // Different token spans can stand for the same characters, and different windows settle them.
    else previous.score = Math.max(previous.score ?? -Infinity, entity.score ?? -Infinity);
  }
  return distinct;
}

/** A batch closes with this many tokens, however few windows they are: what a batch takes of memory grows with them. */
const BATCH_TOKENS = 16_384;

/** Runs documents through an engine, batch by batch, and puts what their windows found together. */
export class DocumentPredictor {
  private readonly typeIndex: ReadonlyMap<string, number>;

  /**
   * @param thresholds [types]
   * @param batchSize windows to compute at a time
   */
  constructor(
    private readonly engine: NativeEngine, private readonly entityTypes: readonly string[],
    private readonly thresholds: Float32Array, private readonly options: DecodeOptions,
    private readonly batchSize: number,
  ) {
    this.typeIndex = new Map(entityTypes.map((type, index) => [type, index]));
  }

  /**
   * The documents in their order, each as soon as its last window is computed. While the engine computes a batch, the
   * next one is read and tokenized.
   */
  async* run<D extends Document>(documents: AsyncIterable<D> | Iterable<D>): AsyncGenerator<DocumentPrediction<D>> {
    const pending: Pending<D>[] = [];
    let batch: { owner: Pending<D>; window: DocumentWindow }[] = [];
    let tokens = 0;
    let computing: Promise<void> | undefined;
    const finished = function* (entitiesOf: (one: Pending<D>) => Iterable<Entity>) {
      for (let first = pending[0]; first?.complete === true && first.waiting === 0; first = pending[0]) {
        pending.shift();
        const one = first;
        yield { document: one.document, entities: () => entitiesOf(one) };
      }
    };
    const entitiesOf = (one: Pending<D>): Iterable<Entity> => this.entitiesOf(one);
    for await (const document of documents) {
      const owner: Pending<D> = { document, settled: [], waiting: 0, complete: false };
      pending.push(owner);
      for (const window of document.windows) {
        batch.push({ owner, window });
        owner.waiting++;
        tokens += window.encoding.inputIds.length;
        if (batch.length < this.batchSize && tokens < BATCH_TOKENS) continue;
        const started = this.compute(batch);
        // A failure is told when the batch is awaited, which it no longer is where nobody asks for more documents.
        started.catch(() => undefined);
        [batch, tokens] = [[], 0];
        await computing;
        computing = started;
        yield* finished(entitiesOf);
      }
      owner.complete = true;
      yield* finished(entitiesOf);
    }
    const last = batch.length > 0 ? this.compute(batch) : undefined;
    last?.catch(() => undefined);
    await computing;
    yield* finished(entitiesOf);
    await last;
    yield* finished(entitiesOf);
  }

  private async compute<D>(batch: readonly { owner: Pending<D>; window: DocumentWindow }[]): Promise<void> {
    const windows = batch.map(({ window }) => window.encoding);
    const spans = await this.engine.predict(packEncodings(windows), this.thresholds);
    const decoder = new SpanDecoder(spans, windows, this.entityTypes);
    batch.forEach(({ owner, window }, sequence) => {
      const result = { window, decoder, sequence };
      if (window.previous === undefined && window.next === undefined) owner.whole = result;
      else for (const entity of this.windowEntities(result)) owner.settled.push(entity);
      owner.waiting--;
    });
  }

  private entitiesOf({ whole, settled }: Pending<Document>): Iterable<Entity> {
    const all = whole === undefined ? distinctInOrder(settled) : this.windowEntities(whole);
    const { topK, flat = false } = this.options;
    if (topK === undefined && !flat) return all;
    let entities: RankedEntity[] = [];
    for (const entity of all) entities.push({ ...entity, margin: this.marginOf(entity) });
    if (flat) entities = bestFlat(entities);
    if (topK !== undefined) entities = bestScoring(entities, topK);
    return entities.map(({ start, end, type, score = 0 }) => ({ start, end, type, score }));
  }

  private marginOf({ type, score = 0 }: Entity): number {
    const threshold = this.thresholds[this.typeIndex.get(type) ?? 0] ?? 0;
    // Without a threshold nothing sets a margin: the least score there can be then counts as 0.
    return threshold === -Infinity ? score + 1e9 : score - threshold;
  }

  /** The entities of a window that it settles, of no more tokens than asked for. */
  private windowEntities({ window, decoder, sequence }: WindowResult): Iterable<Entity> {
    const { maxSpanTokens = Infinity } = this.options;
    const whole = window.previous === undefined && window.next === undefined;
    return decoder.entitiesOf(sequence, (start, end) => {
      if (end - start >= maxSpanTokens) return false;
      if (whole) return true;
      // [CLS] is token 0 of the sequence.
      return settlesSpan(window, window.start + start - 1, window.start + end - 1);
    });
  }
}
