import type { BertTokenizer, Encoding } from "../tokenizer/bert-tokenizer.js";
import type { Entity, Sample } from "./sample.js";
import { windowsOf, type DocumentWindow, type WindowOptions } from "./windows.js";

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
  "longer-than-window", // no window over the text holds it as a whole
  "unknown-type", // the model has no such entity type
] as const;

export type LostReason = (typeof lostReasons)[number];

export interface LostEntity {
  entity: Entity;
  reason: LostReason;
}

/** A window with the entities that lie in it as token spans of its sequence. */
export interface AlignedWindow extends DocumentWindow {
  spans: TokenSpan[];
}

/** Which characters of a sequence have a token, and which boundaries between two characters lie inside one. */
function lossOf({ start, end }: Entity, encoding: Encoding): LostReason {
  let touched = false;
  for (let token = 0; token < encoding.starts.length; token++) {
    const [from = 0, to = 0] = [encoding.starts[token], encoding.ends[token]];
    if (from >= to) continue; // special tokens stand for no characters
    if ((from < start && start < to) || (from < end && end < to)) return "boundary-inside-token";
    touched ||= from < end && start < to;
  }
  return touched ? "boundary-on-blank" : "no-token";
}

/**
 * The token span of an entity's range by offsets alone: a token has to start where the entity starts, and one to end
 * where it ends. Several tokens can stand for one character (a Hangul syllable decomposed into letters): then the span
 * that covers them all is the one taken.
 *
 * @returns token indices of the sequence, both inclusive, or why there is no such span
 */
export function alignEntity(entity: Entity, encoding: Encoding): { start: number; end: number } | LostReason {
  const { starts, ends } = encoding;
  let first = -1;
  let last = -1;
  for (let token = 0; token < starts.length; token++) {
    const [from = 0, to = 0] = [starts[token], ends[token]];
    if (from >= to) continue;
    if (first < 0 && from === entity.start) first = token;
    if (to === entity.end) last = token;
  }
  return first >= 0 && first <= last ? { start: first, end: last } : lossOf(entity, encoding);
}

/** Aligns the entities of one text with the windows that it is divided into. */
export class DocumentAlignment {
  /** Entities without a token span; complete when all windows have been taken. */
  readonly lost: LostEntity[] = [];
  /** Windows given out so far. */
  windowCount = 0;

  /**
   * @param typeIndex entity type -> index in the model
   * @throws RangeError for options that do not fit, when the windows are asked for
   */
  constructor(
    private readonly sample: Pick<Sample, "text" | "entities">, private readonly tokenizer: BertTokenizer,
    private readonly typeIndex: ReadonlyMap<string, number>, private readonly options: WindowOptions,
  ) {}

  /** The windows in order; to be gone through once, to the end. */
  * windows(): Generator<AlignedWindow> {
    const { text, entities } = this.sample;
    const waiting = entities.map((entity) => ({ entity, found: false, reason: undefined as LostReason | undefined }));
    if (waiting.length > 1) waiting.sort((a, b) => a.entity.start - b.entity.start);
    let next = 0; // entities from it on begin behind the windows so far
    let open: typeof waiting = []; // those before it that may lie in this window, or in later ones
    for (const window of windowsOf(text, this.tokenizer, this.options)) {
      const { characters, encoding } = window;
      const spans: TokenSpan[] = [];
      for (let item = waiting[next]; item !== undefined && item.entity.start < characters.end; item = waiting[next]) {
        open.push(item);
        next++;
      }
      // Windows only move on: one that begins before this window lies in no later one either.
      open = open.filter(({ entity: { start } }) => start >= characters.start);
      for (const item of open) {
        const { end, type } = item.entity;
        if (end > characters.end) continue;
        const entityType = this.typeIndex.get(type);
        const span = entityType === undefined ? "unknown-type" : alignEntity(item.entity, encoding);
        if (typeof span === "string") item.reason = span;
        else if (entityType !== undefined) {
          item.found = true;
          spans.push({ entityType, ...span });
        }
      }
      this.windowCount++;
      yield { ...window, spans };
    }
    for (const { entity, found, reason } of waiting) {
      if (!found) this.lost.push({ entity, reason: reason ?? this.unseen(entity) });
    }
  }

  /** Of an entity that no window holds with both its boundaries. */
  private unseen({ type }: Entity): LostReason {
    return this.typeIndex.has(type) ? "longer-than-window" : "unknown-type";
  }
}
