import { z } from "zod";
import { jsonText } from "../storage/json-text.js";
import { readJsonFile } from "../storage/read-json.js";
import { writeWholeFile } from "../storage/whole-file.js";
import { devSchema } from "./metrics-file.js";
import { metricsSpread, type MetricsSpread } from "./seeds-summary.js";

/** In the folder of several seeds. */
export const SEEDS_FILE = "seeds.json";

const FORMAT_VERSION = 1;

const epochSchema = z.object({ epoch: z.number(), dev: devSchema });

const seedRunSchema = z.object({
  seed: z.number(),
  /** The run directory, relative to the folder. */
  directory: z.string(),
  /** The epoch of the model in `best/`, and the last one. */
  best: epochSchema,
  last: epochSchema,
});

const fileSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  configSha256: z.string(),
  seeds: z.array(z.number()).min(1),
  runs: z.array(seedRunSchema),
});

/** What became of one seed. */
export type SeedRun = z.output<typeof seedRunSchema>;

/** What became of several seeds so far. */
export interface SeedsRecord {
  /** All that are to be trained, in this order. */
  seeds: readonly number[];
  /** Those that are finished. */
  runs: readonly SeedRun[];
  /** Over the finished ones; absent when none is. */
  summary?: { best: MetricsSpread; last: MetricsSpread };
}

export function seedsRecord(seeds: readonly number[], runs: readonly SeedRun[]): SeedsRecord {
  if (runs.length === 0) return { seeds, runs };
  const spread = (which: "best" | "last"): MetricsSpread => metricsSpread(runs.map((run) => run[which].dev));
  return { seeds, runs, summary: { best: spread("best"), last: spread("last") } };
}

/** @throws GlobalPointerError `OUTPUT` */
export function writeSeedsRecord(path: string, record: SeedsRecord, configSha256: string): void {
  writeWholeFile(path, jsonText({ formatVersion: FORMAT_VERSION, configSha256, ...record }));
}

/** @throws GlobalPointerError `CHECKPOINT` when the file is missing or damaged */
export function readSeedsRecord(path: string): { record: SeedsRecord; configSha256: string } {
  const { seeds, runs, configSha256 } = readJsonFile(
    path, fileSchema, "CHECKPOINT", "bring it back, resume the runs in the folder one by one, or train anew",
  );
  return { record: seedsRecord(seeds, runs), configSha256 };
}
