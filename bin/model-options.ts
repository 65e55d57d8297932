import { LIMITS } from "../lib/data/limits.js";
import { precisions } from "../lib/model/native.js";
import { wholeNumber } from "./command.js";

/** Where a model is computed; for yargs. */
export const deviceOptions = {
  device: { type: "string", requiresArg: true, describe: "auto, cpu, cuda or cuda:N; default: auto" },
  threads: {
    type: "number", requiresArg: true, coerce: wholeNumber("threads", 0, 1024),
    describe: "Threads to compute with; 0, the default: one a core",
  },
} as const;

/** The flags of commands that use a model which is there already; for yargs. */
export const modelOptions = {
  "model": {
    type: "string", requiresArg: true, demandOption: true, describe: "A model directory, such as RUN/best",
  },
  "batch-size": {
    type: "number", requiresArg: true, coerce: wholeNumber("batch-size", 1, LIMITS.batchSize),
    describe: "Windows (texts, when they are short) at a time; default: 32",
  },
  ...deviceOptions,
  "precision": {
    choices: precisions, requiresArg: true,
    describe: "fp32 (default), bf16, int8 on CPUs, tf32 on CUDA: the narrower, the faster, where the device can",
  },
} as const;

/** The given values without those that were left out, which stay at the library's defaults. */
export function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
