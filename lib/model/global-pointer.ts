import { join } from "node:path";
import type { PackedBatch, SpanTable } from "../data/packed-batch.js";
import type { Entity } from "../data/sample.js";
import { truncateEncoding, type Cut } from "../data/truncation.js";
import { writeWholeDirectory } from "../storage/whole-directory.js";
import { BertTokenizer, type Encoding } from "../tokenizer/bert-tokenizer.js";
import type { Vocabulary } from "../tokenizer/vocabulary.js";
import { requireBatchSize, requireTexts, requireThreshold } from "./arguments.js";
import { SpanDecoder } from "./decode.js";
import { modelShape, type ModelDescription } from "./description.js";
import { readModelDirectory, WEIGHTS_FILE, writeModelFiles } from "./directory.js";
import { createEngine } from "./engine.js";
import type { LoadReport, NativeEngine } from "./native.js";

const DEFAULT_BATCH_SIZE = 32;

export interface DeviceOptions {
  /** `auto` (CUDA where there is one), `cpu`, `cuda` or `cuda:N`. Default: `auto`. */
  device?: string;
  /** Threads of one operation; 0, the default, for as many as there are cores. */
  threads?: number;
}

export interface PredictOptions {
  /** Spans above this score are entities. Default: what the model directory says, 0 unless changed. */
  threshold?: number;
  /** Texts to compute at a time: more are faster, fewer take less memory. Default: 32. */
  batchSize?: number;
}

/** What the model found in one text. */
export interface Prediction {
  text: string;
  /** By start, the longer first. */
  entities: Entity[];
  /** Present when the text was longer than the model takes: what was left out at its end. */
  cut?: Cut;
}

/** The spans found in the encodings of one batch. */
export interface BatchPrediction {
  spans: SpanTable;
  /** The same as entities of one sequence of the batch, made when asked for. */
  entitiesOf: (sequence: number) => Iterable<Entity>;
}

/** Lays encodings end to end. */
function packEncodings(encodings: readonly Encoding[]): PackedBatch {
  const sequenceStarts = new Int32Array(encodings.length + 1);
  encodings.forEach(({ inputIds }, index) => {
    sequenceStarts[index + 1] = (sequenceStarts[index] ?? 0) + inputIds.length;
  });
  const inputIds = new Int32Array(sequenceStarts[encodings.length] ?? 0);
  encodings.forEach((encoding, index) => { inputIds.set(encoding.inputIds, sequenceStarts[index]); });
  return { inputIds, sequenceStarts };
}

/**
 * A GlobalPointer model: text in, entities out.
 *
 * ```ts
 * const model = await GlobalPointer.load("runs/demo/best");
 * const [prediction] = await model.predict(["..."]);
 * await model.dispose();
 * ```
 */
export class GlobalPointer {
  readonly tokenizer: BertTokenizer;

  private constructor(
    readonly description: ModelDescription,
    /** The native side: packed batches in, numbers and spans out. */
    readonly engine: NativeEngine,
    /** Where the weights are: `cpu` or `cuda:N`. */
    readonly device: string,
    /** Number of weights. */
    readonly parameterCount: number,
    vocabulary: Vocabulary,
  ) {
    this.tokenizer = new BertTokenizer(vocabulary, description.tokenizer);
  }

  /**
   * Loads a model directory.
   *
   * @throws GlobalPointerError `MODEL_DIRECTORY`, `TOKENIZER`, `BAD_WEIGHTS`, `BAD_SHAPE`, `DEVICE` or `SETUP`
   */
  static async load(directory: string, options: DeviceOptions = {}): Promise<GlobalPointer> {
    const { description, vocabulary, weightsPath } = readModelDirectory(directory);
    const model = await GlobalPointer.create(description, vocabulary, options);
    try {
      await model.loadWeights(weightsPath, "model");
      return model;
    } catch (error) {
      await model.dispose();
      throw error;
    }
  }

  /** A model with random weights: encoder as BERT initialises it, head as PyTorch does a linear layer. */
  static async create(
    description: ModelDescription, vocabulary: Vocabulary, options: DeviceOptions & { seed?: number } = {},
  ): Promise<GlobalPointer> {
    const { device = "auto", threads = 0, seed = 0 } = options;
    const engine = createEngine({ shape: modelShape(description), device, threads, seed });
    try {
      const initialised = await engine.initialise();
      return new GlobalPointer(description, engine, initialised.device, initialised.parameters, vocabulary);
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  get entityTypes(): readonly string[] {
    return this.description.entityTypes;
  }

  /** Tokens that the model takes at most, [CLS] and [SEP] counted. */
  get maxTokens(): number {
    return this.description.encoder.maxPositionEmbeddings;
  }

  /**
   * Takes weights over from a file: all of them, or the encoder's alone.
   *
   * @throws GlobalPointerError `BAD_WEIGHTS` when the file is damaged or incomplete, `BAD_SHAPE` when a tensor does not
   * fit; either changes nothing
   */
  async loadWeights(path: string, scope: "model" | "encoder"): Promise<LoadReport> {
    return this.engine.loadWeights(path, scope);
  }

  /**
   * Finds the entities of each text, in the order of the texts. A text that is too long is cut, and its prediction says
   * so.
   *
   * @throws TypeError when `texts` is not an array of strings
   * @throws RangeError when `batchSize` is not a whole number of 1 or more, or `threshold` not a number
   * @throws GlobalPointerError `DISPOSED` or `OUT_OF_MEMORY`
   */
  async predict(texts: readonly string[], options: PredictOptions = {}): Promise<Prediction[]> {
    const predictions: Prediction[] = [];
    for await (const prediction of this.predictEach(texts, options)) predictions.push(prediction);
    return predictions;
  }

  /**
   * The same, one prediction at a time: memory for the entities of one text, where a low threshold finds very many.
   *
   * @throws as `predict` does, when the first prediction is asked for
   */
  async* predictEach(texts: readonly string[], options: PredictOptions = {}): AsyncGenerator<Prediction> {
    const { batchSize = DEFAULT_BATCH_SIZE, threshold } = options;
    requireTexts(texts);
    requireBatchSize(batchSize);
    for (let begin = 0; begin < texts.length; begin += batchSize) {
      const batch = texts.slice(begin, begin + batchSize);
      const encoded = batch.map((text) => truncateEncoding(this.tokenizer.encode(text), this.maxTokens));
      const { entitiesOf } = await this.predictEncodings(encoded.map(({ encoding }) => encoding), threshold);
      for (const [index, text] of batch.entries()) {
        const cut = encoded[index]?.cut;
        yield { text, entities: [...entitiesOf(index)], ...(cut === undefined ? {} : { cut }) };
      }
    }
  }

  /**
   * The same for one batch of encodings, none longer than `maxTokens`.
   *
   * @throws RangeError when the threshold is not a number
   */
  async predictEncodings(
    encodings: readonly Encoding[], threshold = this.description.threshold,
  ): Promise<BatchPrediction> {
    requireThreshold(threshold);
    const thresholds = new Float32Array(this.entityTypes.length).fill(threshold);
    const spans = await this.engine.predict(packEncodings(encodings), thresholds);
    const decoder = new SpanDecoder(spans, encodings, this.entityTypes);
    return { spans, entitiesOf: (sequence) => decoder.entitiesOf(sequence) };
  }

  /** Writes the model's files into a directory that exists: for directories that hold more than a model. */
  async writeInto(directory: string): Promise<void> {
    writeModelFiles(directory, this.description, this.tokenizer.vocabulary);
    await this.engine.saveWeights(join(directory, WEIGHTS_FILE));
  }

  /**
   * Saves a model directory, which appears whole or not at all.
   *
   * @param options.replace lets it take the place of one that is there
   * @throws GlobalPointerError `OUTPUT`
   */
  async save(directory: string, options: { replace?: boolean } = {}): Promise<void> {
    await writeWholeDirectory(directory, (aside) => this.writeInto(aside), options);
  }

  /** Waits for work in flight and frees the weights; may be called twice. */
  async dispose(): Promise<void> {
    await this.engine.dispose();
  }
}
