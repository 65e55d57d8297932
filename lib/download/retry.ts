import { setTimeout as sleep } from "node:timers/promises";
import { GlobalPointerError } from "../errors.js";
import { BrokenConnection } from "./broken-connection.js";

const LONGEST_WAIT = 60;

export interface RetryPolicy {
  /** How often something is tried again that broke without having come any further. */
  retries: number;
  signal: AbortSignal;
  /** Told before each wait. */
  waiting: (reason: string, seconds: number) => void;
  /** Milliseconds of a "second"; for tests. */
  second?: number;
}

/** The wait before the n-th attempt in a row that is made again, in seconds: 1, 2, 4 and so on, up to a minute. */
export function waitBefore(attempt: number, retryAfter: number): number {
  return Math.min(Math.max(2 ** (attempt - 1), retryAfter), LONGEST_WAIT);
}

/**
 * Does something that may break, again after a growing wait when it does.
 *
 * @param what is done, for the message
 * @param remedy what to do when it could not be done
 * @param progress how far it has come; attempts that get further do not count
 * @throws GlobalPointerError `DOWNLOAD` when the attempts are used up; whatever else `action` throws, at once
 */
export async function withRetries<T>(
  action: () => Promise<T>, what: string, remedy: string, policy: RetryPolicy, progress: () => number = () => 0,
): Promise<T> {
  const { retries, signal, waiting, second = 1000 } = policy;
  for (let failures = 0, reached = progress(); ;) {
    try {
      return await action();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof BrokenConnection)) throw error;
      failures = progress() > reached ? 1 : failures + 1;
      reached = progress();
      if (failures > retries) {
        const after = retries === 0 ? "" : `, also after ${retries} further ${retries === 1 ? "attempt" : "attempts"}`;
        const message = `${what} failed: ${error.message}${after}; ${remedy}.`;
        throw new GlobalPointerError("DOWNLOAD", message, { cause: error });
      }
      const seconds = waitBefore(failures, error.retryAfter);
      waiting(error.message, seconds);
      await sleep(seconds * second, undefined, { signal });
    }
  }
}
