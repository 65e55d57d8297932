import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { loadConfig, type ResolvedConfig } from "../config/load.js";
import { GlobalPointerError } from "../errors.js";
import { jsonText } from "../storage/json-text.js";
import { outputError } from "../storage/output-error.js";
import { readJsonFile } from "../storage/read-json.js";
import { writeWholeFile } from "../storage/whole-file.js";
import { DirectoryClaim, refuseClaimed, type Purpose } from "./directory-claim.js";
import { METRICS_FILE, readRecords } from "./metrics-file.js";
import { configHash } from "./run-record.js";
import {
  readSeedsRecord, SEEDS_FILE, seedsRecord, writeSeedsRecord, type SeedRun, type SeedsRecord,
} from "./seeds-record.js";
import type { TrainResult } from "./trainer.js";

const CONFIG = "config.json";

function nameOf(seed: number): string {
  return `seed-${seed}`;
}

function claimPurpose(seeds: readonly number[]): Purpose {
  return { results: seeds.map(nameOf), others: [CONFIG, SEEDS_FILE] };
}

/** Whether a directory is a folder of several seeds and no single run. */
export function isSeedsDirectory(path: string): boolean {
  return existsSync(join(path, SEEDS_FILE));
}

/**
 * The folder of one config trained with several seeds: `config.json`, `seeds.json`, a run directory `seed-N` for each,
 * and `lock` while a process trains them.
 */
export class SeedsDirectory {
  private constructor(
    private readonly claim: DirectoryClaim, private current: SeedsRecord, private readonly configSha256: string,
  ) {}

  /** @throws GlobalPointerError `OUTPUT` when there is something already, or nothing can be written */
  static create(path: string, config: ResolvedConfig, seeds: readonly number[]): SeedsDirectory {
    if (isSeedsDirectory(path)) {
      refuseClaimed(path);
      throw new GlobalPointerError(
        "OUTPUT", `${path} holds seeds already: choose another --output, or go on with them by --resume ${path}.`,
      );
    }
    return SeedsDirectory.begin(DirectoryClaim.begin(path, claimPurpose(seeds)), config, seeds);
  }

  /** The same under a name that nothing has: the path's own, or with a number behind. */
  static createFresh(path: string, config: ResolvedConfig, seeds: readonly number[]): SeedsDirectory {
    return SeedsDirectory.begin(DirectoryClaim.beginFresh(path, claimPurpose(seeds)), config, seeds);
  }

  private static begin(claim: DirectoryClaim, config: ResolvedConfig, seeds: readonly number[]): SeedsDirectory {
    try {
      writeWholeFile(join(claim.path, CONFIG), jsonText(config));
      const folder = new SeedsDirectory(claim, seedsRecord(seeds, []), configHash(config));
      folder.write();
      return folder;
    } catch (error) {
      claim.closeAndClear();
      throw outputError(claim.path, error);
    }
  }

  /** @throws GlobalPointerError `CHECKPOINT` when there are no seeds to go on with, `OUTPUT` when a process has them */
  static open(path: string): SeedsDirectory {
    const { record: { seeds } } = readSeedsRecord(join(path, SEEDS_FILE)); // before the lock is put there
    const claim = DirectoryClaim.goOn(path, claimPurpose(seeds));
    try {
      const { record, configSha256 } = readSeedsRecord(join(path, SEEDS_FILE));
      return new SeedsDirectory(claim, record, configSha256);
    } catch (error) {
      claim.close();
      throw error;
    }
  }

  get path(): string {
    return this.claim.path;
  }

  get record(): SeedsRecord {
    return this.current;
  }

  /** What all seeds share. @throws GlobalPointerError `CONFIG`; `CHECKPOINT` when it was edited since they began */
  readConfig(): ResolvedConfig {
    const path = join(this.path, CONFIG);
    const config = loadConfig(path);
    const written = readJsonFile(path, z.record(z.string(), z.unknown()), "CHECKPOINT", "bring it back");
    if (configHash(written) === this.configSha256) return config;
    throw new GlobalPointerError(
      "CHECKPOINT",
      `${path} was edited since the seeds began, so that they could not be compared: bring it back as it was (each run `
      + "has it in its run.json), or train anew.",
    );
  }

  /** The run directory of a seed. */
  runOf(seed: number): string {
    return join(this.path, nameOf(seed));
  }

  isFinished(seed: number): boolean {
    return this.current.runs.some((run) => run.seed === seed);
  }

  /** Notes what became of a seed. @throws GlobalPointerError `OUTPUT`, or `CHECKPOINT` when the run lacks its scores */
  finish(seed: number, { best }: TrainResult): void {
    const metrics = join(this.runOf(seed), METRICS_FILE);
    const records = readRecords(metrics);
    const [bestRecord, last] = [records.find(({ epoch }) => epoch === best?.epoch), records.at(-1)];
    if (bestRecord === undefined || last === undefined) {
      throw new GlobalPointerError(
        "CHECKPOINT", `${metrics} lacks the scores of epoch ${best?.epoch ?? 1}: bring the file back, or train anew.`,
      );
    }
    const scores = ({ epoch, dev }: typeof last): SeedRun["best"] => ({ epoch, dev });
    const run = { seed, directory: nameOf(seed), best: scores(bestRecord), last: scores(last) };
    const { seeds, runs } = this.current;
    const finished = new Map([...runs, run].map((one) => [one.seed, one]));
    this.current = seedsRecord(seeds, seeds.flatMap((one) => finished.get(one) ?? []));
    this.write();
  }

  /** Lets others train here. */
  close(): void {
    this.claim.close();
  }

  /** The same, and removes a folder in which not one run was begun. */
  closeAndClear(): void {
    this.claim.closeAndClear();
  }

  private write(): void {
    writeSeedsRecord(join(this.path, SEEDS_FILE), this.current, this.configSha256);
  }
}
