import { join } from "node:path";
import type { Entity } from "../data/sample.js";
import { defaultStride, requireWindowOptions, windowsOf, type WindowOptions } from "../data/windows.js";
import { writeWholeDirectory } from "../storage/whole-directory.js";
import { BertTokenizer } from "../tokenizer/bert-tokenizer.js";
import type { Vocabulary } from "../tokenizer/vocabulary.js";
import { requireBatchSize, requireTexts } from "./arguments.js";
import { requireDecodeOptions, thresholdsFor, type DecodeOptions } from "./decode-options.js";
import { modelShape, type ModelDescription } from "./description.js";
import { readModelDirectory, WEIGHTS_FILE, writeModelFiles } from "./directory.js";
import { DocumentPredictor, type Document, type DocumentPrediction } from "./document-prediction.js";
import { usablePositions } from "./encoder-config.js";
import { createEngine } from "./engine.js";
import type { LoadReport, NativeEngine, Precision } from "./native.js";

const DEFAULT_BATCH_SIZE = 32;

export interface DeviceOptions {
  /** `auto` (CUDA where there is one), `cpu`, `cuda` or `cuda:N`. Default: `auto`. */
  device?: string;
  /** Threads of one operation; 0, the default, for as many as there are cores. */
  threads?: number;
}

export interface LoadOptions extends DeviceOptions {
  /**
   * What the linear layers are computed in, on the CPU. `fp32`, the default: as trained. `int8` (processors with
   * AVX-512 VNNI) and `bf16` (AVX-512 BF16) are faster, their scores are near the same, and the model is for
   * predictions alone: it can neither be trained nor saved.
   */
  precision?: Precision;
}

export interface PredictOptions extends DecodeOptions, Partial<WindowOptions> {
  /**
   * Windows to compute at a time (texts, when they are no longer than a window), but no more than make 16,384 tokens:
   * more are faster, fewer take less memory. Default: 32.
   */
  batchSize?: number;
}

/** What the model found in one text. */
export interface Prediction {
  text: string;
  /** By start, the longer first. */
  entities: Entity[];
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
    /** Of those, the head's. */
    readonly headParameterCount: number,
    vocabulary: Vocabulary,
  ) {
    this.tokenizer = new BertTokenizer(vocabulary, description.tokenizer);
  }

  /**
   * Loads a model directory.
   *
   * @throws RangeError for a precision that is none
   * @throws GlobalPointerError `MODEL_DIRECTORY`, `TOKENIZER`, `BAD_WEIGHTS`, `BAD_SHAPE`, `DEVICE` or `SETUP`
   */
  static async load(directory: string, options: LoadOptions = {}): Promise<GlobalPointer> {
    const { description, vocabulary, weightsPath } = readModelDirectory(directory);
    const model = await GlobalPointer.build(description, vocabulary, options);
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
    return GlobalPointer.build(description, vocabulary, { device, threads, seed });
  }

  private static async build(
    description: ModelDescription, vocabulary: Vocabulary, options: LoadOptions & { seed?: number },
  ): Promise<GlobalPointer> {
    const { device = "auto", threads = 0, seed = 0, precision = "fp32" } = options;
    const engine = createEngine({ shape: modelShape(description), device, threads, seed, precision });
    try {
      const { device: where, parameters, headParameters } = await engine.initialise();
      return new GlobalPointer(description, engine, where, parameters, headParameters, vocabulary);
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
    return usablePositions(this.description.encoder);
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
   * How texts are divided: as in training, where the options do not say otherwise.
   *
   * @throws RangeError when they ask for windows that cannot be
   */
  windowOptions({ maxSeqLen, stride }: Partial<WindowOptions> = {}): WindowOptions {
    const { window } = this.description;
    const length = maxSeqLen ?? window.maxSeqLen;
    const options = {
      maxSeqLen: length,
      stride: stride ?? (length === window.maxSeqLen ? window.stride : defaultStride(length)),
    };
    requireWindowOptions(options);
    if (length <= this.maxTokens) return options;
    throw new RangeError(`maxSeqLen must be at most ${this.maxTokens}, as the encoder has positions, but is ${length}`);
  }

  /** [types] the threshold of each type, with the options on top of what the model has. */
  thresholds(options: DecodeOptions = {}): Float32Array {
    return thresholdsFor(this.description, options);
  }

  /** @throws RangeError naming the option that does not fit the model */
  checkOptions(options: PredictOptions): void {
    this.windowOptions(options);
    requireDecodeOptions(options, this.entityTypes);
  }

  /**
   * Finds the entities of each text, in the order of the texts. A text that is longer than a window is divided into
   * windows that overlap; positions are those of the whole text.
   *
   * @throws TypeError when `texts` is not an array of strings
   * @throws RangeError when an option does not fit
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
    requireTexts(texts);
    const window = this.windowOptions(options);
    const documents = function* (tokenizer: BertTokenizer) {
      for (const text of texts) yield { text, windows: windowsOf(text, tokenizer, window) };
    };
    for await (const { document, entities } of this.predictDocuments(documents(this.tokenizer), options)) {
      yield { text: document.text, entities: [...entities()] };
    }
  }

  /**
   * The same for texts that are divided already, whose entities are made when they are asked for.
   *
   * @throws RangeError when an option does not fit
   */
  predictDocuments<D extends Document>(
    documents: AsyncIterable<D> | Iterable<D>, options: DecodeOptions & { batchSize?: number } = {},
  ): AsyncGenerator<DocumentPrediction<D>> {
    const { batchSize = DEFAULT_BATCH_SIZE } = options;
    requireBatchSize(batchSize);
    requireDecodeOptions(options, this.entityTypes);
    return new DocumentPredictor(
      this.engine, this.entityTypes, this.thresholds(options), options, batchSize,
    ).run(documents);
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
