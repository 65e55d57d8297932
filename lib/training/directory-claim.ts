import { existsSync, mkdirSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { discardAbandoned } from "../storage/aside.js";
import { LockHeldError, refuseHeld, takeLock } from "../storage/lock.js";
import { outputError } from "../storage/output-error.js";
import { makeDirectory, refuseExisting, wholeDirectory } from "../storage/whole-directory.js";

const LOCK = "lock";

/** Does something with the lock of a directory, or tells who has it. */
function withLock<T>(path: string, action: (lock: string) => T): T {
  try {
    return action(join(path, LOCK));
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw outputError(path, error);
    const owner = error.owner === undefined ? "another process" : `process ${error.owner}`;
    throw new GlobalPointerError("OUTPUT", `${path} is being trained by ${owner}: wait for it, or stop it first.`);
  }
}

/** @throws GlobalPointerError `OUTPUT` when a living process has the directory */
export function refuseClaimed(path: string): void {
  withLock(path, refuseHeld);
}

/** Whether a process that had claimed the directory came to a sudden end in it. Only after `refuseClaimed`. */
export function wasLeft(path: string): boolean {
  return existsSync(join(path, LOCK));
}

/** What a directory is claimed for. */
export interface Purpose {
  /** Entries, files or whole directories, of which any one makes the directory worth keeping. */
  results: readonly string[];
  /** Further entries, which are worth nothing without them. */
  others: readonly string[];
}

/** A directory that one process at a time works in: `lock` in it names the process. */
export class DirectoryClaim {
  private readonly release: () => void;

  /** Takes the lock. @param made whether the directory itself is ours to remove */
  private constructor(readonly path: string, private readonly purpose: Purpose, private readonly made: boolean) {
    this.release = withLock(path, takeLock);
  }

  /**
   * A directory to begin in: a new one, an empty one, or one in which a beginning was cut short before it had results,
   * as the lock that was left there tells, and which holds nothing else.
   *
   * @throws GlobalPointerError `OUTPUT` when there is something, or nothing can be written
   */
  static begin(path: string, purpose: Purpose): DirectoryClaim {
    const left = wasLeft(path);
    try {
      if (!left) refuseExisting(path);
    } catch (error) {
      refuseClaimed(path); // a lock may have come between; that a process is at work is the better thing to say
      throw error;
    }
    let made: boolean;
    try {
      made = makeDirectory(path);
    } catch (error) {
      throw outputError(path, error);
    }
    const claim = new DirectoryClaim(path, purpose, made);
    try {
      discardAbandoned(path);
      // Looked at with the lock: another may have begun and ended while we came for it.
      refuseExisting(path, left ? [LOCK, ...purpose.others] : [LOCK]);
      claim.clear();
      return claim;
    } catch (error) {
      claim.close();
      throw outputError(path, error);
    }
  }

  /** The same under a name that nothing has: the path's own, or with a number behind. */
  static beginFresh(path: string, purpose: Purpose): DirectoryClaim {
    for (let number = 1; ; number++) {
      const fresh = number === 1 ? path : `${path}-${number}`;
      try {
        makeDirectory(dirname(fresh));
        mkdirSync(fresh); // looking first would leave time for another to make it
      } catch (error) {
        if (existsSync(fresh)) continue;
        throw outputError(fresh, error);
      }
      return new DirectoryClaim(fresh, purpose, true);
    }
  }

  /** A directory that has results. @throws GlobalPointerError `OUTPUT` when a living process has it */
  static goOn(path: string, purpose: Purpose): DirectoryClaim {
    const claim = new DirectoryClaim(path, purpose, false);
    try {
      discardAbandoned(path);
      return claim;
    } catch (error) {
      claim.close();
      throw outputError(path, error);
    }
  }

  /** Lets others have it. */
  close(): void {
    this.release();
  }

  /** The same, and removes what is worth nothing: all, where there are no results. */
  closeAndClear(): void {
    const worthless = existsSync(this.path) && !this.hasResults();
    if (worthless) this.clear();
    this.release();
    if (worthless && this.made && readdirSync(this.path).length === 0) rmdirSync(this.path);
  }

  private hasResults(): boolean {
    return this.purpose.results.some((name) => existsSync(wholeDirectory(join(this.path, name))));
  }

  private clear(): void {
    for (const name of this.purpose.others) rmSync(join(this.path, name), { recursive: true, force: true });
  }
}
