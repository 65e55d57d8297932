import type { Entity, Sample } from "../data/sample.js";
import { errorKinds, type ErrorExcerpt, type ErrorKind, type SpanError } from "./explanation.js";

/** A text of so many UTF-16 units is shown as a whole. */
const WHOLE_TEXT = 400;
/** What is shown on either side of an error in a longer one. */
const CONTEXT = 80;
/** An error that takes more is shown by its beginning. */
const LONGEST_ERROR = 400;
/** Excerpts kept for each kind of error. */
const KEPT_PER_KIND = 100;

interface Range {
  start: number;
  end: number;
}

function rangeOf({ gold, predicted }: SpanError): Range {
  const start = Math.min(gold?.start ?? Infinity, predicted?.start ?? Infinity);
  const end = Math.max(gold?.end ?? 0, predicted?.end ?? 0);
  return { start, end: Math.min(end, start + LONGEST_ERROR) };
}

/** Moves a position out of the middle of a surrogate pair. */
function outsidePair(text: string, position: number): number {
  const [before, after] = [text.charCodeAt(position - 1), text.charCodeAt(position)];
  const splits = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
  return splits ? position - 1 : position;
}

/** The parts of a text to show: all of a short one, else what lies around its errors. */
function partsToShow(text: string, errors: readonly SpanError[]): Range[] {
  if (text.length <= WHOLE_TEXT) return [{ start: 0, end: text.length }];
  const parts: Range[] = [];
  for (const error of errors) {
    const { start, end } = rangeOf(error);
    const part = {
      start: outsidePair(text, Math.max(0, start - CONTEXT)),
      end: outsidePair(text, Math.min(text.length, end + CONTEXT)),
    };
    const last = parts.at(-1);
    if (last !== undefined && part.start <= last.end) last.end = Math.max(last.end, part.end);
    else parts.push(part);
  }
  return parts;
}

function moved<E extends Entity>(entity: E, by: number): E {
  return { ...entity, start: entity.start - by, end: entity.end - by };
}

function within(entities: readonly Entity[], { start, end }: Range): Entity[] {
  return entities.filter((entity) => start <= entity.start && entity.end <= end).map((entity) => moved(entity, start));
}

/** Keeps texts with errors: the first of each kind, so that a report stays readable. */
export class ExcerptCollector {
  readonly excerpts: ErrorExcerpt[] = [];
  private readonly shown = new Map<ErrorKind, number>(errorKinds.map((kind) => [kind, 0]));

  /** @param errors by where they begin */
  add(sample: Sample, index: number, predicted: readonly Entity[], errors: readonly SpanError[]): void {
    if (!errors.some(({ kind }) => this.wants(kind))) return;
    const { text, id } = sample;
    for (const part of partsToShow(text, errors)) {
      const inside = errors.filter((error) => {
        const { start } = rangeOf(error);
        return part.start <= start && start < part.end;
      });
      if (!inside.some(({ kind }) => this.wants(kind))) continue;
      for (const { kind } of inside) this.shown.set(kind, (this.shown.get(kind) ?? 0) + 1);
      this.excerpts.push({
        ...(id === undefined ? {} : { id }),
        sample: index,
        offset: part.start,
        excerpt: text.slice(part.start, part.end),
        cutBefore: part.start > 0,
        cutAfter: part.end < text.length,
        gold: within(sample.entities, part),
        predicted: within(predicted, part),
        errors: inside.map(({ kind, gold, predicted: got }) => ({
          kind,
          ...(gold === undefined ? {} : { gold: moved(gold, part.start) }),
          ...(got === undefined ? {} : { predicted: moved(got, part.start) }),
        })),
      });
    }
  }

  private wants(kind: ErrorKind): boolean {
    return (this.shown.get(kind) ?? 0) < KEPT_PER_KIND;
  }
}
