import type { DecodeOptions } from "../lib/model/decode-options.js";
import { CommandLineError, severalTexts, wholeNumber } from "./command.js";

/** Flags for the choice of spans and for long texts; for yargs. `--threshold` may be given several times. */
export const decodeFlags = {
  "threshold": {
    type: "string", requiresArg: true, coerce: severalTexts,
    describe: "Score above which a span is an entity, or TYPE=SCORE for one type; default: the model's",
  },
  "max-span-tokens": {
    type: "number", requiresArg: true, coerce: wholeNumber("max-span-tokens", 1, 2 ** 24),
    describe: "Leave out entities of more tokens",
  },
  "top-k": {
    type: "number", requiresArg: true, coerce: wholeNumber("top-k", 1, 2 ** 31),
    describe: "Keep the best-scoring entities of each text only, this many",
  },
  "flat": {
    type: "boolean", default: false,
    describe: "Keep entities that do not overlap: the set that scores best",
  },
  "max-seq-len": {
    type: "number", requiresArg: true, coerce: wholeNumber("max-seq-len", 3, 2 ** 24),
    describe: "Tokens of a window; longer texts are divided; default: as in training",
  },
  "stride": {
    type: "number", requiresArg: true, coerce: wholeNumber("stride", 1, 2 ** 24),
    describe: "Tokens from one window to the next; default: as in training",
  },
} as const;

function score(written: string): number {
  const value = Number(written);
  if (written.trim() !== "" && Number.isFinite(value)) return value;
  throw new CommandLineError(`--threshold takes a number, or TYPE=NUMBER, but is "${written}"`);
}

/** @throws CommandLineError for what is no threshold, or given twice */
export function thresholdsFrom(written: readonly string[] = []): Pick<DecodeOptions, "threshold" | "thresholds"> {
  const all: number[] = [];
  const byType = new Map<string, number>();
  for (const item of written) {
    const equals = item.lastIndexOf("=");
    if (equals < 0) all.push(score(item));
    else {
      const type = item.slice(0, equals);
      if (byType.has(type)) throw new CommandLineError(`--threshold is given twice for "${type}": give it once`);
      byType.set(type, score(item.slice(equals + 1)));
    }
  }
  const [threshold] = all;
  if (all.length > 1) throw new CommandLineError("--threshold is given twice for all types: give it once");
  return {
    ...(threshold === undefined ? {} : { threshold }),
    ...(byType.size === 0 ? {} : { thresholds: Object.fromEntries(byType) }),
  };
}

/** Runs a check of options that came from the command line: what the library refuses is a misuse of the command. */
export function asMisuse(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw error instanceof RangeError ? new CommandLineError(error.message) : error;
  }
}
