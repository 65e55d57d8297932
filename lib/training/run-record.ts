import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ResolvedConfig } from "../config/load.js";
import { isPretrained } from "../config/schema.js";
import { isObject } from "../data/json-value.js";
import { readJsonFile } from "../storage/read-json.js";
import { environmentSchema, type Environment } from "./environment.js";
import { hashOf } from "./file-hash.js";

/** In a run directory. */
export const RECORD_FILE = "run.json";

const FORMAT_VERSION = 1;

const fileSchema = z.object({ path: z.string(), sha256: z.string() });

const startSchema = z.object({
  /** When, in UTC. */
  time: z.string(),
  /** The command line; absent where the library was called. */
  command: z.string().optional(),
  /** Epochs and steps that were done by then. */
  epoch: z.number(),
  step: z.number(),
  environment: environmentSchema,
});

const recordSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  /** SHA-256 of `config`, written as `canonicalJson` does. */
  configSha256: z.string(),
  /** The resolved config that the run began with. */
  config: z.record(z.string(), z.unknown()),
  /** What was read then, by what it was read for. */
  files: z.record(z.string(), fileSchema),
  /** The beginning, and each resumption. */
  starts: z.array(startSchema).min(1),
});

/** What a run was made of: enough to repeat it, and to see what changed on the way. */
export type RunRecord = z.output<typeof recordSchema>;
type Start = z.output<typeof startSchema>;

/** JSON without blanks, keys sorted by code units, so that equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => isObject(inner)
    ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner);
}

export function configHash(config: object): string {
  return createHash("sha256").update(canonicalJson(config)).digest("hex");
}

/** What settles sizes, dropout and tokens of a pretrained encoder. */
function settingsOf(directory: string): Record<string, string> {
  const tokenizer = join(directory, "tokenizer_config.json");
  return { encoder: join(directory, "config.json"), ...(existsSync(tokenizer) ? { tokenizer } : {}) };
}

/** @throws GlobalPointerError `DATA` when a file cannot be read */
export async function hashFiles(
  { data, encoder }: ResolvedConfig, weightsPath: string | undefined,
): Promise<RunRecord["files"]> {
  const paths = {
    "data.train": data.train,
    "data.dev": data.dev,
    "vocabulary": isPretrained(encoder) ? join(encoder.pretrained, "vocab.txt") : encoder.vocab,
    ...(isPretrained(encoder) ? settingsOf(encoder.pretrained) : {}),
    ...(weightsPath === undefined ? {} : { weights: weightsPath }),
  };
  const files: RunRecord["files"] = {};
  for (const [name, path] of Object.entries(paths)) files[name] = { path, sha256: await hashOf(path) };
  return files;
}

export function newRecord(config: ResolvedConfig, files: RunRecord["files"], start: Start): RunRecord {
  return { formatVersion: FORMAT_VERSION, configSha256: configHash(config), config, files, starts: [start] };
}

/** A start that happens now. */
export function startNow(
  environment: Environment, { epoch, step }: { epoch: number; step: number }, command: string | undefined,
): Start {
  return { time: new Date().toISOString(), ...(command === undefined ? {} : { command }), epoch, step, environment };
}

/** @throws GlobalPointerError `CHECKPOINT` when it is missing or damaged */
export function readRecord(path: string): RunRecord {
  return readJsonFile(path, recordSchema, "CHECKPOINT", "bring it back, or train anew");
}
