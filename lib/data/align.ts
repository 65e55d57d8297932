import type { Encoding } from "../tokenizer/bert-tokenizer.js";
import type { Entity } from "./sample.js";
import { truncateEncoding, type Cut } from "./truncation.js";

/** A cell of the score matrix: token indices within the sequence ([CLS] is 0), both inclusive. */
export interface TokenSpan {
  /** Index into the model's entity types. */
  entityType: number;
  start: number;
  end: number;
}

/** Why no token span stands for an entity. */
export const lostReasons = [
  "boundary-inside-token", // it starts or ends in the middle of a token
  "boundary-on-blank", // it starts or ends on characters that give no token, such as blanks
  "no-token", // none of its characters gives a token
  "beyond-max-length", // its tokens were cut off
  "unknown-type", // the model has no such entity type
] as const;

export type LostReason = (typeof lostReasons)[number];

export interface LostEntity {
  entity: Entity;
  reason: LostReason;
}

/** A text as the model sees it, with the token spans of its entities. */
export interface Alignment {
  /** Cut to the maximum length. */
  encoding: Encoding;
  /** In the order of the entities. */
  spans: TokenSpan[];
  lost: LostEntity[];
  /** Present when the text was too long. */
  cut?: Cut;
}

/** The characters of each token; special tokens stand for none. */
function* tokenRanges({ starts, ends }: Encoding): Generator<{ token: number; start: number; end: number }> {
  for (let token = 0; token < starts.length; token++) {
    const [start = 0, end = 0] = [starts[token], ends[token]];
    if (start < end) yield { token, start, end };
  }
}

/** Which characters have a token, and which boundaries between two characters lie inside one. */
class Coverage {
  private readonly inside: Uint8Array; // [characters + 1] 1 where a token goes on over the boundary before a character
  private readonly coveredBefore: Uint32Array; // [characters + 1] characters with a token before each

  constructor(encoding: Encoding) {
    const length = encoding.ends.reduce((last, end) => Math.max(last, end), 0);
    const covered = new Uint8Array(length);
    this.inside = new Uint8Array(length + 1);
    this.coveredBefore = new Uint32Array(length + 1);
    for (const { start, end } of tokenRanges(encoding)) {
      covered.fill(1, start, end);
      this.inside.fill(1, start + 1, end);
    }
    covered.forEach((one, at) => { this.coveredBefore[at + 1] = (this.coveredBefore[at] ?? 0) + one; });
  }

  cuts(boundary: number): boolean {
    return this.inside[boundary] === 1;
  }

  touches(start: number, end: number): boolean {
    return this.before(start) < this.before(end);
  }

  private before(boundary: number): number {
    return this.coveredBefore[Math.min(boundary, this.coveredBefore.length - 1)] ?? 0;
  }
}

/**
 * Token indices by the character where the token starts and where it ends. Several tokens can stand for one character
 * (a Hangul syllable decomposed into letters): then the span that covers them all is the one taken.
 */
class TokenBoundaries {
  private readonly first = new Map<number, number>();
  private readonly last = new Map<number, number>();
  private coverage: Coverage | undefined; // made for the first entity that is lost

  constructor(private readonly encoding: Encoding) {
    for (const { token, start, end } of tokenRanges(encoding)) {
      if (!this.first.has(start)) this.first.set(start, token);
      this.last.set(end, token);
    }
  }

  /** The token span of an entity's range, or why there is none. */
  find({ start, end }: Entity): { start: number; end: number } | LostReason {
    const first = this.first.get(start);
    const last = this.last.get(end);
    if (first !== undefined && last !== undefined && first <= last) return { start: first, end: last };
    this.coverage ??= new Coverage(this.encoding);
    if (this.coverage.cuts(start) || this.coverage.cuts(end)) return "boundary-inside-token";
    return this.coverage.touches(start, end) ? "boundary-on-blank" : "no-token";
  }
}

/**
 * Finds the token span of every entity, by offsets alone: a token has to start where the entity starts, and one to end
 * where it ends.
 *
 * @param entities over the characters of the encoded text
 * @param encoding of the whole text, special tokens included
 * @param typeIndex entity type -> index in the model
 * @param maxTokens longer encodings are cut to this, special tokens counted
 */
export function alignEntities(
  entities: readonly Entity[], encoding: Encoding, typeIndex: ReadonlyMap<string, number>, maxTokens: number,
): Alignment {
  const truncated = truncateEncoding(encoding, maxTokens);
  // Looked up in the whole text, so that an entity beyond the cut is told from one that no token span expresses.
  const boundaries = new TokenBoundaries(encoding);
  const lastKept = truncated.encoding.inputIds.length - 2;
  const alignment: Alignment = { ...truncated, spans: [], lost: [] };
  for (const entity of entities) {
    const entityType = typeIndex.get(entity.type);
    const found = boundaries.find(entity);
    if (entityType === undefined) alignment.lost.push({ entity, reason: "unknown-type" });
    else if (typeof found === "string") alignment.lost.push({ entity, reason: found });
    else if (truncated.cut !== undefined && found.end > lastKept) {
      alignment.lost.push({ entity, reason: "beyond-max-length" });
    } else alignment.spans.push({ entityType, ...found });
  }
  return alignment;
}
