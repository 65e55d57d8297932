import { shown } from "../json-value.js";
import type { Entity } from "../sample.js";
import { TextOffsets } from "../text-offsets.js";
import { RecordProblem } from "./record.js";

/** How a file counts positions. */
export interface Counting {
  /** Whether the end position is that of the last character, or the one after it. */
  endInclusive: boolean;
  /** What is counted: UTF-16 units as JavaScript does, or code points as Python does. */
  offsets: "utf16" | "codePoint";
}

function described({ endInclusive, offsets }: Counting): string {
  const end = endInclusive ? "ends are inclusive" : "ends are exclusive";
  return `${end}, ${offsets === "utf16" ? "characters are UTF-16 units" : "characters are code points"}`;
}

/** Format options that make a file be counted as told. */
function asOptions({ endInclusive, offsets }: Counting): string {
  return `endInclusive=${endInclusive} offsets=${offsets}`;
}

const COUNTINGS: readonly Counting[] = [false, true].flatMap((endInclusive) =>
  (["utf16", "codePoint"] as const).map((offsets) => ({ endInclusive, offsets })));

/** Turns the positions that a file gives into entities of one text, and checks them. */
export class SpanReader {
  private readonly points: TextOffsets;

  /** @param adjustable whether the format options of that name may change the counting, so that errors speak of them */
  constructor(
    private readonly text: string, private readonly counting: Counting, private readonly adjustable = true,
  ) {
    this.points = new TextOffsets(text);
  }

  /**
   * @param mention what the entity covers, where the file says so
   * @throws RecordProblem
   */
  entity(start: unknown, end: unknown, type: unknown, mention?: unknown): Entity {
    if (typeof type !== "string") throw new RecordProblem(`the entity type ${shown(type)} is not a string; name it`);
    if (type === "") throw new RecordProblem("an entity type is empty; name it");
    const place = typeof mention === "string" ? `${type} ${shown(mention)}` : type;
    if (typeof start !== "number" || typeof end !== "number" || !Number.isInteger(start) || !Number.isInteger(end)) {
      throw new RecordProblem(
        `the span [${shown(start)}, ${shown(end)}] of ${place} is not a pair of whole numbers; write both as numbers`,
      );
    }
    const entity = this.convert(start, end, type, place);
    if (mention === undefined) return entity;
    if (typeof mention !== "string") {
      throw new RecordProblem(`the mention ${shown(mention)} of ${place} is not a string; mend it or leave it out`);
    }
    const found = this.text.slice(entity.start, entity.end);
    if (found !== mention) {
      throw new RecordProblem(
        `the span [${start}, ${end}] of ${place} covers ${shown(found)}; `
        + this.remedy(start, end, mention),
      );
    }
    return entity;
  }

  private convert(start: number, end: number, type: string, place: string): Entity {
    const { endInclusive } = this.counting;
    const length = this.lengthIn(this.counting);
    const after = endInclusive ? end + 1 : end;
    const written = `[${start}, ${end}]`;
    if (end === start && !endInclusive) {
      throw new RecordProblem(`the span ${written} of ${place} is empty; mend or remove it`);
    }
    if (end < start) throw new RecordProblem(`the span ${written} of ${place} ends before it starts; swap or mend it`);
    if (start < 0 || after > length) {
      throw new RecordProblem(
        `the span ${written} of ${place} is outside the text of ${length} characters `
        + `(${described(this.counting)}); mend it`,
      );
    }
    return { ...this.range(start, end, this.counting), type };
  }

  private lengthIn({ offsets }: Counting): number {
    return offsets === "utf16" ? this.text.length : this.points.length;
  }

  /** UTF-16 units, end exclusive; positions have to lie in the text. */
  private range(start: number, end: number, { endInclusive, offsets }: Counting): { start: number; end: number } {
    const after = endInclusive ? end + 1 : end;
    if (offsets === "utf16") return { start, end: after };
    return { start: this.points.toUtf16(start), end: this.points.toUtf16(after) };
  }

  /** Another way of counting under which the span is the mention, or the reminder how it is counted. */
  private remedy(start: number, end: number, mention: string): string {
    // What differs in one way only is the likelier mistake, and the advice that spoils least of the other texts.
    const likely = COUNTINGS.filter(({ offsets }) => offsets === this.counting.offsets);
    const fitting = [...likely, ...COUNTINGS].find((counting) => {
      const after = counting.endInclusive ? end + 1 : end;
      if (start < 0 || after <= start || after > this.lengthIn(counting)) return false;
      const range = this.range(start, end, counting);
      return this.text.slice(range.start, range.end) === mention;
    });
    if (fitting === undefined) return `mend it (${described(this.counting)})`;
    return this.adjustable
      ? `it fits where ${described(fitting)}: mend it, or set the format options ${asOptions(fitting)} if the whole `
      + "file counts so"
      : `it fits where ${described(fitting)}: mend it (${described(this.counting)})`;
  }
}
