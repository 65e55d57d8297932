import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildDataset, type Dataset } from "../../lib/data/dataset.js";
import { Random, shuffled } from "../../lib/data/random.js";
import { readSamples } from "../../lib/data/read-samples.js";
import type { Sample } from "../../lib/data/sample.js";
import { defaultStride } from "../../lib/data/windows.js";
import { GlobalPointer } from "../../lib/index.js";
import { bertSwitches } from "../../lib/model/encoder-config.js";
import { BertTokenizer } from "../../lib/tokenizer/bert-tokenizer.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";
import { ENCODERS, HEAD_SIZE, TEXT_COUNT, type Workload } from "./workloads.js";

/** What a side is given of a workload: a JSON file, which names the model and the texts beside it. */
export interface WorkloadInput {
  task: Workload["task"];
  /** A model directory with random weights. */
  model: string;
  types: number;
  headSize: number;
  maxSeqLen: number;
  batchSize: number;
  passes: number;
  /** High enough that few of the spans of a model with random weights are found. */
  threshold: number;
  /** Token ids of each sequence of each batch, and gold spans as [sequence, type, start, end]; none for texts. */
  batches: { sequences: number[][]; gold: number[][] }[];
  /** For texts. */
  texts: string[];
}

/** Where corpora and vocabulary lie; what is not there makes its workloads be left out. */
export interface Corpora {
  cluener: string;
  msra: string;
  vocab: string;
}

const SEED = 2333;
const MAX_LENGTH = 512; // tokens
const THRESHOLD = 1.5;
const VOCABULARY_SIZE = 21_128; // of bert-base-chinese
/** Gold spans of a sequence of random tokens. */
const RANDOM_SPANS = 4;

/** Why a workload cannot run with what is there; undefined when it can. */
export function missingFor({ lengths }: Workload, corpora: Corpora): string | undefined {
  if (typeof lengths === "number") return undefined;
  const absent = ([lengths, "vocab"] as const).filter((name) => !existsSync(corpora[name]));
  if (absent.length === 0) return undefined;
  return absent.map((name) => `${corpora[name]} is not there (--${name} names another place)`).join(", ");
}

/** Makes models and inputs, each model once. */
export class Inputs {
  private readonly datasets = new Map<string, Dataset>();

  /** @param folder where they are written */
  constructor(private readonly folder: string, private readonly corpora: Corpora) {}

  /** @returns the path of the workload's JSON file, and the lengths of the sequences of a round, one pass counted */
  async write(workload: Workload): Promise<{ path: string; lengths: number[] }> {
    const { task, types, batchSize, passes, name } = workload;
    const batches = task === "texts" ? [] : await this.batches(workload);
    const texts = task === "texts" ? await this.texts(workload) : [];
    const input: WorkloadInput = {
      task, types, batchSize, passes, batches, texts, model: await this.model(workload), headSize: HEAD_SIZE,
      maxSeqLen: MAX_LENGTH, threshold: THRESHOLD,
    };
    const path = join(this.folder, `${name}.json`);
    writeFileSync(path, JSON.stringify(input));
    const tokenizer = this.tokenizer();
    const lengths = task === "texts"
      ? texts.map((text) => Math.min(MAX_LENGTH, tokenizer.encode(text).inputIds.length))
      : batches.flatMap(({ sequences }) => sequences.map((sequence) => sequence.length));
    return { path, lengths };
  }

  private vocabulary(): Vocabulary {
    if (existsSync(this.corpora.vocab)) return Vocabulary.fromFile(this.corpora.vocab);
    const path = join(this.folder, "vocab.txt");
    const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
    while (words.length < VOCABULARY_SIZE) words.push(`word${words.length}`);
    writeFileSync(path, `${words.join("\n")}\n`);
    return Vocabulary.fromFile(path);
  }

  private tokenizer(): BertTokenizer {
    return new BertTokenizer(this.vocabulary(), { lowerCase: true });
  }

  private async model({ encoder, types }: Workload): Promise<string> {
    const directory = join(this.folder, `${encoder}-${types}`);
    if (existsSync(directory)) return directory;
    const vocabulary = this.vocabulary();
    const { hiddenSize } = ENCODERS[encoder];
    const model = await GlobalPointer.create({
      encoder: {
        ...ENCODERS[encoder], ...bertSwitches(hiddenSize), vocabSize: vocabulary.size,
        maxPositionEmbeddings: MAX_LENGTH, typeVocabSize: 2, padTokenId: vocabulary.padId ?? -1, layerNormEps: 1e-12,
        hiddenAct: "gelu", hiddenDropoutProb: 0.1, attentionProbsDropoutProb: 0.1, initializerRange: 0.02,
      },
      head: { type: "global-pointer", headSize: HEAD_SIZE, rope: true, maskSpecialTokens: false },
      entityTypes: Array.from({ length: types }, (_, index) => `type${index}`),
      tokenizer: { lowerCase: true },
      threshold: THRESHOLD,
      window: { maxSeqLen: MAX_LENGTH, stride: defaultStride(MAX_LENGTH) },
    }, vocabulary, { device: "cpu", seed: SEED });
    await model.save(directory);
    await model.dispose();
    return directory;
  }

  private samples(corpus: "cluener" | "msra"): AsyncGenerator<Sample> {
    return readSamples(this.corpora[corpus], { requireLabels: true });
  }

  private async texts({ lengths }: Workload): Promise<string[]> {
    if (typeof lengths === "number") throw new TypeError("texts are those of a corpus");
    const texts: string[] = [];
    for await (const { text } of this.samples(lengths)) {
      texts.push(text);
      if (texts.length === TEXT_COUNT) break;
    }
    return texts;
  }

  private async dataset(corpus: "cluener" | "msra"): Promise<Dataset> {
    const known = this.datasets.get(corpus);
    if (known !== undefined) return known;
    const { dataset } = await buildDataset(
      this.samples(corpus),
      { tokenizer: this.tokenizer(), maxSeqLen: MAX_LENGTH, stride: defaultStride(MAX_LENGTH) },
    );
    this.datasets.set(corpus, dataset);
    return dataset;
  }

  private async batches({ lengths, batchSize, batches, types }: Workload): Promise<WorkloadInput["batches"]> {
    const made: WorkloadInput["batches"] = [];
    if (typeof lengths === "number") {
      for (let batch = 0; batch < batches; batch++) made.push(this.randomBatch(lengths, batchSize, types, batch));
      return made;
    }
    const dataset = await this.dataset(lengths);
    const order = shuffled(dataset.sequenceCount, new Random(SEED));
    for (let batch = 0; batch < batches; batch++) {
      const labelled = dataset.batch(order.slice(batch * batchSize, (batch + 1) * batchSize));
      const { inputIds, sequenceStarts } = labelled.batch;
      const { sequence, entityType, start, end } = labelled.gold;
      made.push({
        sequences: Array.from({ length: batchSize }, (_, index) =>
          [...inputIds.subarray(sequenceStarts[index], sequenceStarts[index + 1])]),
        gold: Array.from(sequence, (of, span) => [of, entityType[span] ?? 0, start[span] ?? 0, end[span] ?? 0]),
      });
    }
    return made;
  }

  private randomBatch(length: number, size: number, types: number, batch: number): WorkloadInput["batches"][number] {
    const random = new Random(SEED, batch);
    const { size: words } = this.vocabulary();
    const sequences = Array.from({ length: size }, () =>
      Array.from({ length }, () => 5 + random.below(words - 5)));
    const gold = sequences.flatMap((_, sequence) => Array.from({ length: RANDOM_SPANS }, (__, span) => {
      // Spans that begin apart cannot be the same one twice.
      const start = Math.floor(span * length / RANDOM_SPANS);
      return [sequence, random.below(types), start, Math.min(length - 1, start + random.below(4))];
    }));
    return { sequences, gold };
  }
}
