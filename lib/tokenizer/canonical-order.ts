import type { CharacterTable } from "./character-table.js";
import { canonicalDecomposition, compareCombiningClasses, isOrdered } from "./unicode-tables.js";

/** A normalized text: for each code point the place in the raw text it comes from, in UTF-16 units, end exclusive. */
export interface NormalizedText {
  codePoints: number[];
  starts: number[];
  ends: number[];
}

interface Part {
  codePoint: number;
  start: number;
  end: number;
  /** Whether decomposition put it behind another part of the same character. */
  added: boolean;
}

/**
 * Normalizes text.slice(from, to) as a whole, canonical order of combining marks included. Only the few characters
 * whose neighbours matter (CharacterKind.ORDERED) need it; all others come out as CharacterTable has them.
 *
 * Offsets are as in Hugging Face's tokenizer, which does not let them move with the marks: the n-th mark after
 * ordering has the place of the n-th one before, and an added part has that of the part in front of it.
 */
export function normalizeInOrder(text: string, from: number, to: number, characters: CharacterTable): NormalizedText {
  const parts = decompose(text, from, to, characters);
  const places = parts.filter((part) => !part.added).map(({ start, end }) => ({ start, end }));
  const result: NormalizedText = { codePoints: [], starts: [], ends: [] };
  let next = 0;
  let place = { start: from, end: from };
  for (const part of inCanonicalOrder(parts)) {
    if (!part.added) place = places[next++] ?? place;
    for (const codePoint of characters.fold(part.codePoint)) {
      result.codePoints.push(codePoint);
      result.starts.push(place.start);
      result.ends.push(place.end);
    }
  }
  return result;
}

function decompose(text: string, from: number, to: number, characters: CharacterTable): Part[] {
  const parts: Part[] = [];
  for (let start = from, end = from; start < to; start = end) {
    const raw = text.codePointAt(start) ?? 0;
    end = start + (raw > 0xffff ? 2 : 1);
    for (const cleaned of characters.clean(raw)) {
      canonicalDecomposition(cleaned).forEach((codePoint, index) => {
        parts.push({ codePoint, start, end, added: index > 0 });
      });
    }
  }
  return parts;
}

/** Sorts each run of parts with a combining class by that class, stably. */
function inCanonicalOrder(parts: readonly Part[]): Part[] {
  const ordered: Part[] = [];
  let run: Part[] = [];
  const endRun = (): void => {
    run.sort((a, b) => compareCombiningClasses(a.codePoint, b.codePoint));
    for (const part of run) ordered.push(part);
    run = [];
  };
  for (const part of parts) {
    if (isOrdered(part.codePoint)) {
      run.push(part);
    } else {
      endRun();
      ordered.push(part);
    }
  }
  endRun();
  return ordered;
}
