import { z } from "zod";
import type { ResolvedConfig } from "../config/load.js";
import { isObject, shown } from "../data/json-value.js";
import { GlobalPointerError } from "../errors.js";
import { readJsonFile } from "../storage/read-json.js";
import type { RunDirectory } from "./run-directory.js";
import { canonicalJson, type RunRecord } from "./run-record.js";
import { spansTraining } from "./schedule.js";

/**
 * Keys, with all below them, that may be edited in a run that was begun: none of them has a part in the weights and
 * scores so far, and the content of the data is compared apart.
 */
const FREE = [
  "name", "output", "data.train", "data.dev", "training.device", "training.threads", "training.earlyStopping",
  "evaluation.batchSize", "tracking",
];

interface Change {
  key: string;
  before: unknown;
  now: unknown;
}

function changes(before: unknown, now: unknown, key = ""): Change[] {
  if (isObject(before) && isObject(now)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
    return names.flatMap((name) => changes(before[name], now[name], key === "" ? name : `${key}.${name}`));
  }
  return canonicalJson(before) === canonicalJson(now) ? [] : [{ key, before, now }];
}

function mayChange(key: string, config: ResolvedConfig): boolean {
  if (key === "training.epochs") return !spansTraining(config.training.schedule);
  return FREE.some((free) => key === free || key.startsWith(`${free}.`));
}

function told(value: unknown): string {
  return value === undefined ? "not there" : shown(value);
}

/**
 * Refuses to go on with a run whose config.json was edited in a way that would make its result another one. The number
 * of epochs may change where the schedule does not span all of them.
 *
 * @param config what config.json holds now
 * @throws GlobalPointerError `CHECKPOINT`
 */
export function refuseEditedConfig(run: RunDirectory, record: RunRecord, config: ResolvedConfig): void {
  // As it is written there: a later version may have further defaults.
  const now = readJsonFile(run.configFile, z.unknown(), "CHECKPOINT", "bring it back, or train anew");
  const found = changes(record.config, now).filter(({ key }) => !mayChange(key, config));
  const [first] = found;
  if (first === undefined) return;
  const more = found.length === 1 ? "" : ` (and ${found.length - 1} more)`;
  const reason = first.key === "training.epochs" ? ", and its schedule spans all epochs" : "";
  throw new GlobalPointerError(
    "CHECKPOINT",
    `${run.configFile} was edited since the run began: ${first.key} was ${told(first.before)} and is `
    + `${told(first.now)} now${more}${reason}; bring back what run.json has, or train anew.`,
  );
}
