import fc from "fast-check";
import { endsSentenceAt } from "../../lib/data/sentence-ends.js";
import {
  defaultStride, settlesSpan, windowRanges, windowsOf, type DocumentWindow, type TokenRange,
} from "../../lib/data/windows.js";
import { BertTokenizer } from "../../lib/tokenizer/bert-tokenizer.js";
import { encodeInBlocks } from "../../lib/tokenizer/blocks.js";
import { Vocabulary } from "../../lib/tokenizer/vocabulary.js";

const vocabulary = Vocabulary.fromLines([
  "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##a", "b", "##b", "ab", "中", "国", "。", ".", "[", "]", "s", "##e",
  "##p",
], "test");
const tokenizers = [true, false].map((lowerCase) => new BertTokenizer(vocabulary, { lowerCase }));
const [tokenizer = new BertTokenizer(vocabulary, { lowerCase: true })] = tokenizers;

const pieces = fc.constantFrom(
  "a", "b", "ab", "中", "国", "。", ".", " ", "\n", "\t", "[SEP]", "[", "]", "SEP]", "\u0301", "\u0316", "é", "Ä", "각",
  "\u200b", "😀", "𠮷", "\ud842", "\u3000", "3.5", "？", "”", "\u0000",
);
const texts = fc.array(pieces, { maxLength: 120 }).map((parts) => parts.join(""));
const options = fc.integer({ min: 3, max: 40 }).chain((maxSeqLen) =>
  fc.record({ maxSeqLen: fc.constant(maxSeqLen), stride: fc.integer({ min: 1, max: maxSeqLen - 2 }) }));

function rangesOver(count: number, given: { maxSeqLen: number; stride: number }, sentenceEnds: readonly number[] = []) {
  return [...windowRanges(given, (token) => token < count, (token) => sentenceEnds.includes(token))];
}

describe("encodeInBlocks", () => {
  test("gives the tokens of the whole text, wherever it is divided", () => {
    const lengths = fc.integer({ min: 1, max: 30 });
    fc.assert(fc.property(texts, lengths, fc.constantFrom(...tokenizers), (text, length, one) => {
      const blocks = [...encodeInBlocks(one, text, length)];
      const whole = one.encode(text, false);
      for (const column of ["inputIds", "starts", "ends"] as const) {
        expect(blocks.flatMap((block) => [...block[column]])).toEqual([...whole[column]]);
      }
    }), { numRuns: 2000 });
  });

  test("divides long texts", () => {
    expect([...encodeInBlocks(tokenizer, "ab 中".repeat(100), 50)].length).toBeGreaterThan(5);
  });
});

describe("sentence ends", () => {
  const endsIn = (text: string): string[] =>
    Array.from({ length: text.length }, (_, at) => at + 1)
      .filter((at) => endsSentenceAt(text, at) && text[at - 1]?.trim() !== "").map((at) => text.slice(0, at));

  test.each<[string, string[]]>([
    ["他来了。她走了！", ["他来了。", "他来了。她走了！"]],
    ["他说：“走。”然后", ["他说：“走。”"]],
    ["It is 3.5 m. Yes", ["It is 3.5 m."]],
    ["什么？！不", ["什么？！"]],
    ["title\nbody", ["title"]],
    ["无标点", []],
  ])("%j", (text, expected) => {
    expect(endsIn(text)).toEqual(expected);
  });
});

describe("windowRanges", () => {
  const ends = fc.array(fc.nat(300));

  test("go on, cover every token, hold no more than they may, and end with the text", () => {
    fc.assert(fc.property(fc.nat(150), options, ends, (count, given, sentenceEnds) => {
      const ranges = rangesOver(count, given, sentenceEnds);
      const [first, last] = [ranges[0], ranges.at(-1)];
      expect(first?.start).toBe(0);
      expect(last?.end).toBe(count);
      ranges.forEach(({ start, end }, index) => {
        expect(end - start).toBeLessThanOrEqual(given.maxSeqLen - 2);
        const next = ranges[index + 1];
        if (next === undefined) return;
        expect(next.start).toBeGreaterThan(start);
        expect(next.end).toBeGreaterThan(end);
        expect(next.start).toBeLessThanOrEqual(end);
        expect(next.start - start).toBeGreaterThanOrEqual(given.stride / 2);
      });
    }), { numRuns: 1000 });
  });

  test("hold every span of up to the overlap as a whole, and settle each span that they hold exactly once", () => {
    fc.assert(fc.property(fc.nat(70), options, ends, (count, given, sentenceEnds) => {
      const ranges = rangesOver(count, given, sentenceEnds);
      const windows = ranges.map((range, index) => ({
        ...range, ...neighbours(ranges, index),
      } as unknown as DocumentWindow));
      const overlap = given.maxSeqLen - 2 - given.stride;
      for (let start = 0; start < count; start++) {
        for (let end = start; end < Math.min(count, start + given.maxSeqLen); end++) {
          const holding = ranges.filter((range) => range.start <= start && end < range.end).length;
          const settling = windows.filter((window) => settlesSpan(window, start, end)).length;
          const fits = end - start + 1 <= overlap;
          // One assertion a cell would take most of the time.
          if (settling !== Math.min(holding, 1) || (fits && holding === 0)) {
            throw new Error(`span ${start}-${end}: ${holding} windows hold it, ${settling} settle it`);
          }
        }
      }
    }), { numRuns: 100 });
  });

  test("the window that shows most around a span settles it", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 100 }), options, ends, (count, given, sentenceEnds) => {
      const ranges = rangesOver(count, given, sentenceEnds);
      const context = ({ start, end }: TokenRange, from: number, to: number): number => from < start || to >= end ? -1
        : Math.min(start === 0 ? Infinity : from - start, end === count ? Infinity : end - 1 - to);
      for (let start = 0; start < count; start += 3) {
        const end = Math.min(count - 1, start + (start % 5));
        const best = Math.max(...ranges.map((range) => context(range, start, end)));
        if (best < 0) continue;
        const owner = ranges.find((range) => context(range, start, end) === best);
        const settled = ranges.find((range, index) =>
          settlesSpan({ ...range, ...neighbours(ranges, index) } as unknown as DocumentWindow, start, end));
        expect(settled).toEqual(owner);
      }
    }), { numRuns: 300 });
  });

  test("end at a sentence's end where one is near", () => {
    const given = { maxSeqLen: 22, stride: 16 };
    expect(rangesOver(40, given)).toEqual([{ start: 0, end: 20 }, { start: 16, end: 36 }, { start: 32, end: 40 }]);
    expect(rangesOver(40, given, [17])[0]).toEqual({ start: 0, end: 18 });
    expect(rangesOver(40, given, [10])[0]).toEqual({ start: 0, end: 20 });
    expect(rangesOver(40, given, [13])[1]?.start).toBe(14);
  });
});

function neighbours(ranges: readonly TokenRange[], index: number): Pick<DocumentWindow, "previous" | "next"> {
  const [previous, next] = [ranges[index - 1], ranges[index + 1]];
  return { ...(previous === undefined ? {} : { previous }), ...(next === undefined ? {} : { next }) };
}

describe("windowsOf", () => {
  test("any text gives its tokens in windows, none missing and none changed", () => {
    fc.assert(fc.property(texts, options, fc.constantFrom(...tokenizers), (text, given, one) => {
      const whole = one.encode(text, false);
      const windows = [...windowsOf(text, one, given)];
      const covered = new Set<number>();
      windows.forEach((window, index) => {
        const { start, end, encoding } = window;
        for (const column of ["inputIds", "starts", "ends"] as const) {
          expect([...encoding[column].subarray(1, -1)]).toEqual([...whole[column].subarray(start, end)]);
        }
        expect(encoding.inputIds[0]).toBe(vocabulary.clsId);
        expect(encoding.inputIds.at(-1)).toBe(vocabulary.sepId);
        for (let token = start; token < end; token++) covered.add(token);
        expect(window.previous?.start).toBe(windows[index - 1]?.start);
        expect(window.next?.end).toBe(windows[index + 1]?.end);
        expect(window.characters.start).toBe(start === 0 ? 0 : whole.ends[start - 1]);
        expect(window.characters.end).toBe(end === whole.inputIds.length ? text.length : whole.starts[end]);
      });
      expect(windows.length).toBeGreaterThan(0);
      expect(covered.size).toBe(whole.inputIds.length);
    }), { numRuns: 1000 });
  });

  test("a long text is encoded in blocks as it is needed", () => {
    const text = "中国ab。 ".repeat(20_000);
    const windows = windowsOf(text, tokenizer, { maxSeqLen: 64, stride: 40 });
    const first = windows.next().value as DocumentWindow;
    expect(first.start).toBe(0);
    expect(first.next?.start).toBeGreaterThan(0);
    const whole = tokenizer.encode(text, false);
    let last = first;
    let covered = first.end;
    for (const window of windows) {
      expect([...window.encoding.inputIds.subarray(1, -1)])
        .toEqual([...whole.inputIds.subarray(window.start, window.end)]);
      expect(window.start).toBeLessThanOrEqual(covered);
      covered = window.end;
      last = window;
    }
    expect(last.end).toBe(whole.inputIds.length);
    expect(text.slice(0, first.encoding.ends[first.end]).endsWith("。")).toBe(true);
  });

  test("options that do not fit are refused", () => {
    for (const [maxSeqLen, stride] of [[2, 1], [10, 0], [10, 9], [10.5, 3], [10, NaN]] as const) {
      expect(() => windowsOf("中", tokenizer, { maxSeqLen, stride }).next()).toThrow(RangeError);
    }
    expect(() => [...windowsOf("中", tokenizer, { maxSeqLen: 3, stride: defaultStride(3) })]).not.toThrow();
  });
});
