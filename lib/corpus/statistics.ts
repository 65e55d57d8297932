import { DocumentAlignment } from "../data/align.js";
import { AlignmentReport } from "../data/alignment-report.js";
import { Int32Column } from "../data/int32-column.js";
import type { Sample } from "../data/sample.js";
import type { WindowOptions } from "../data/windows.js";
import { nestingOf, type Nesting } from "../data/nesting.js";
import type { BertTokenizer } from "../tokenizer/bert-tokenizer.js";
import { textDigest } from "./text-digest.js";

/** Lengths at which shares of the texts end. */
export interface Quantiles {
  min: number;
  median: number;
  p90: number;
  p99: number;
  max: number;
  mean: number;
}

/** What tokenizing tells; only where a tokenizer is known. */
export interface TokenStatistics {
  /** Tokens a text, [CLS] and [SEP] counted. */
  lengths: Quantiles;
  tokens: number;
  unknown: number;
  /** What alignment loses and why, and the texts that have to be divided. */
  alignment: AlignmentReport;
}

export interface CorpusStatistics {
  texts: number;
  entities: number;
  /** Entities by type, the most frequent first. */
  types: { type: string; count: number; share: number }[];
  /** Entities by how they lie to others of their text. */
  nesting: Record<Nesting, number>;
  characters: Quantiles;
  mentions: Quantiles;
  /** Texts without an entity. */
  empty: number;
  /** Texts that stand in the set before. */
  duplicates: number;
  tokens?: TokenStatistics;
}

export interface StatisticsOptions {
  tokenizer?: BertTokenizer;
  /** The windows that alignment is judged by; default: texts are not divided. */
  window?: WindowOptions;
}

function quantiles(column: Int32Column): Quantiles {
  const values = new Int32Array(column.length);
  column.copyTo(values, 0, 0, column.length);
  values.sort();
  const at = (share: number): number => values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0;
  const sum = values.reduce((total, value) => total + value, 0);
  return {
    min: at(0), median: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1),
    mean: values.length === 0 ? 0 : sum / values.length,
  };
}

/** Undivided, whatever the length. */
const WHOLE: WindowOptions = { maxSeqLen: 2 ** 30, stride: 2 ** 29 };

/** Tells what a set of annotated texts is like. Of the texts, digests are kept, to tell those that repeat. */
export class StatisticsCollector {
  /** Digests of the texts seen, for comparing sets. */
  readonly digests = new Set<string>();
  private readonly types = new Map<string, number>();
  private readonly nesting: Record<Nesting, number> = {
    "flat": 0, "outer": 0, "inner": 0, "same span": 0, "crossing": 0,
  };
  private readonly characters = new Int32Column();
  private readonly mentions = new Int32Column();
  private readonly tokens = new Int32Column();
  private readonly alignment = new AlignmentReport();
  private readonly typeIndex = new Map<string, number>();
  private unknown = 0;
  private empty = 0;
  private duplicates = 0;

  constructor(private readonly options: StatisticsOptions = {}) {}

  add(sample: Sample): void {
    const { text, entities } = sample;
    this.characters.push(text.length);
    if (entities.length === 0) this.empty++;
    for (const { start, end, type } of entities) {
      this.mentions.push(end - start);
      this.types.set(type, (this.types.get(type) ?? 0) + 1);
      if (!this.typeIndex.has(type)) this.typeIndex.set(type, this.typeIndex.size);
    }
    for (const nesting of nestingOf(entities)) this.nesting[nesting]++;
    const digest = textDigest(text);
    if (this.digests.has(digest)) this.duplicates++;
    this.digests.add(digest);
    this.addTokens(sample);
  }

  result(): CorpusStatistics {
    const entities = this.mentions.length;
    const { tokenizer } = this.options;
    return {
      texts: this.characters.length,
      entities,
      types: [...this.types].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .map(([type, count]) => ({ type, count, share: count / entities })),
      nesting: this.nesting,
      characters: quantiles(this.characters),
      mentions: quantiles(this.mentions),
      empty: this.empty,
      duplicates: this.duplicates,
      ...(tokenizer === undefined ? {} : { tokens: this.tokenStatistics() }),
    };
  }

  private addTokens(sample: Sample): void {
    const { tokenizer, window = WHOLE } = this.options;
    if (tokenizer === undefined) return;
    const alignment = new DocumentAlignment(sample, tokenizer, this.typeIndex, window);
    let seen = 0; // tokens of the text counted already: windows overlap
    for (const { start, end, encoding } of alignment.windows()) {
      for (let token = Math.max(seen, start); token < end; token++) {
        if (encoding.inputIds[token - start + 1] === tokenizer.vocabulary.unkId) this.unknown++;
      }
      seen = Math.max(seen, end);
    }
    this.tokens.push(seen + 2);
    this.alignment.add(sample, alignment);
  }

  private tokenStatistics(): TokenStatistics {
    let tokens = 0;
    for (let text = 0; text < this.tokens.length; text++) tokens += this.tokens.at(text) - 2;
    return { lengths: quantiles(this.tokens), tokens, unknown: this.unknown, alignment: this.alignment };
  }
}
