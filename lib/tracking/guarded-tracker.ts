import type { Tracker } from "./tracker.js";

/** What is asked of a tracker. */
export type TrackerCall = (tracker: Tracker) => void | Promise<void>;

/** So many calls may wait for an earlier one; a record takes a few hundred bytes. */
const MOST_WAITING = 10_000;
/** Of what a failure says, in characters. */
const LONGEST_REASON = 300;

function isThenable(value: unknown): value is PromiseLike<void> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** One line of what went wrong, without a full stop; what a server says may hold codes that steer a terminal. */
function reasonOf(error: unknown): string {
  const text = (error instanceof Error ? error.message : String(error)).replace(/[\s\p{Cc}]+/gu, " ").trim();
  return text.length > LONGEST_REASON ? `${text.slice(0, LONGEST_REASON)}...` : text.replace(/\.$/, "");
}

/** A tracker whose failures are told once and go no further. Calls are made one after the other. */
export class GuardedTracker {
  private readonly waiting: TrackerCall[] = [];
  private busy = false;
  private leftOut = false;
  private whenIdle: (() => void) | undefined;

  constructor(private readonly tracker: Tracker, private readonly warn: (text: string) => void) {}

  /** Never throws, and never waits for a promise. */
  call(action: TrackerCall): void {
    if (this.leftOut) return;
    if (this.waiting.length >= MOST_WAITING) {
      this.leaveOut(new Error(`takes records too slowly: ${MOST_WAITING} are waiting`));
      return;
    }
    this.waiting.push(action);
    this.proceed();
  }

  /** Makes the last call, and waits until all are done, or no longer than so many milliseconds. */
  async finish(action: TrackerCall, milliseconds: number): Promise<void> {
    this.call(action);
    if (this.leftOut || !this.busy) return;
    let timer: NodeJS.Timeout | undefined;
    const inTime = await new Promise<boolean>((resolve) => {
      this.whenIdle = () => { resolve(true); };
      timer = setTimeout(() => { resolve(false); }, milliseconds);
    });
    clearTimeout(timer);
    if (!inTime) this.leaveOut(new Error(`has not ended within ${milliseconds / 1000} s`));
  }

  private proceed(): void {
    while (!this.busy && !this.leftOut) {
      const action = this.waiting.shift();
      if (action === undefined) {
        this.whenIdle?.();
        return;
      }
      try {
        const pending: unknown = action(this.tracker);
        if (isThenable(pending)) this.await(pending);
      } catch (error) {
        this.leaveOut(error);
      }
    }
  }

  private await(pending: PromiseLike<void>): void {
    this.busy = true;
    pending.then(
      () => {
        this.busy = false;
        this.proceed();
      },
      (error: unknown) => { this.leaveOut(error); },
    );
  }

  private leaveOut(error: unknown): void {
    if (this.leftOut) return;
    this.leftOut = true;
    this.waiting.length = 0;
    this.warn(`warning: ${this.tracker.name}: ${reasonOf(error)}; left out from here on`);
    try {
      this.tracker.abandon?.();
    } catch {
      // It has failed and been told of already.
    }
    this.whenIdle?.();
  }
}
