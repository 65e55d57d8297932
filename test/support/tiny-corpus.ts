import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const PEOPLE = ["张伟", "王芳", "李娜", "刘洋", "陈静"];
const PLACES = ["北京", "上海", "广州市", "南京路"];
const ORGANIZATIONS = ["清华大学", "协和医院", "华为公司"];
const SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/** One line of CLUENER with a person, a place and mostly an organisation; `number` settles which. */
function line(number: number): { text: string; label: Record<string, Record<string, [number, number][]>> } {
  const pick = (list: readonly string[], step: number): string => list[(number * step) % list.length] ?? "";
  const mentions = { person: pick(PEOPLE, 1), place: pick(PLACES, 3), organization: pick(ORGANIZATIONS, 7) };
  const { person, place, organization } = mentions;
  const sentences = [
    `${person}在${place}的${organization}工作`, `${organization}位于${place}，${person}说`, `昨天${person}去了${place}`,
  ];
  const text = sentences[number % sentences.length] ?? "";
  const label: ReturnType<typeof line>["label"] = {};
  for (const [type, mention] of Object.entries(mentions)) {
    const start = text.indexOf(mention);
    if (start >= 0) label[type] = { [mention]: [[start, start + mention.length - 1]] };
  }
  return { text, label };
}

/** Sentences of the corpus, all of whose characters are in its vocabulary. */
export function tinySentences(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, index) => line(from + index).text);
}

function jsonLines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join("");
}

export function tinyVocabulary(): string[] {
  return [...SPECIAL, ...new Set(Array.from(tinySentences(60).join("")))];
}

/** The config of a model that trains in a fraction of a second; dropout is on, one thread makes runs repeatable. */
export function tinyConfig(training: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    name: "tiny",
    data: { train: "train.jsonl", dev: "dev.jsonl" },
    encoder: {
      vocab: "vocab.txt", hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 32,
      maxPositionEmbeddings: 24,
    },
    head: { headSize: 8 },
    training: { epochs: 2, batchSize: 4, learningRate: 0.01, maxSeqLen: 24, threads: 1, device: "cpu", ...training },
  };
}

/** Fills a folder with config.json, train.jsonl, dev.jsonl and vocab.txt. */
export function writeTinyCorpus(
  folder: string, { samples = 24, training = {} }: { samples?: number; training?: Record<string, unknown> } = {},
): void {
  mkdirSync(folder, { recursive: true });
  const lines = (count: number, from: number): string =>
    jsonLines(Array.from({ length: count }, (_, index) => line(from + index)));
  writeFileSync(join(folder, "train.jsonl"), lines(samples, 0));
  writeFileSync(join(folder, "dev.jsonl"), lines(9, 100));
  writeFileSync(join(folder, "vocab.txt"), tinyVocabulary().map((token) => `${token}\n`).join(""));
  writeFileSync(join(folder, "config.json"), JSON.stringify(tinyConfig(training)));
}
