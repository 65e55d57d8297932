import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";

// A lock is a file that one process can make, and that names it. It holds between the processes of one machine.

/** A lock without a readable owner is one that is just being written, or was left behind right then, in ms. */
const WRITING_TIME = 2000;

/** Somebody else has the lock. */
export class LockHeldError extends Error {
  /** @param owner the process; undefined when it has not written its number yet */
  constructor(readonly owner: number | undefined) {
    super(`held by ${owner === undefined ? "another process" : `process ${owner}`}`);
  }
}

/**
 * `PID` or `PID START`: the start time tells a process from a later one that was given the same number. One that has
 * ended, but was not yet asked for its status by its parent, has none.
 */
function identityOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name in brackets may hold blanks; the state comes next, the start time is the 20th field after it.
    const [state = "", ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return ["Z", "X"].includes(state) ? String(pid) : `${pid} ${fields[18] ?? ""}`.trim();
  } catch {
    return String(pid); // not Linux, or no such process
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Whether there is a process of this number. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // asks only
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** Throws when the lock is there and its owner alive; says whether one was left behind. */
function leftBehind(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return false; // not there, or not ours to judge
  }
  const [, number, start] = /^([1-9]\d*)(?: (\d+))?\n$/.exec(text) ?? [];
  if (number === undefined) {
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - written < WRITING_TIME) throw new LockHeldError(undefined);
    return true;
  }
  const pid = Number(number);
  const same = start === undefined || identityOf(pid) === `${number} ${start}`;
  if (isRunning(pid) && same) throw new LockHeldError(pid);
  return true;
}

/** Makes the file with our identity; false when there is one. */
function make(path: string): boolean {
  try {
    writeFileSync(path, `${identityOf(process.pid)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    rmSync(path, { force: true }); // made, but there was no room for our number
    throw error;
  }
}

/** Makes a lock, or throws for the process that was quicker. */
function makeOrRefuse(path: string): void {
  if (make(path)) return;
  leftBehind(path);
  throw new LockHeldError(undefined);
}

/**
 * Puts our lock in the place of one that was left behind. Of several that want to, one does it: otherwise the second
 * could remove the lock that the first has just taken.
 */
function takeOver(path: string): void {
  const guard = `${path}.taking`;
  if (!make(guard)) {
    if (leftBehind(guard)) rmSync(guard, { force: true });
    makeOrRefuse(guard);
  }
  try {
    if (leftBehind(path)) rmSync(path, { force: true });
    makeOrRefuse(path);
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Throws a LockHeldError when a living process has the lock. */
export function refuseHeld(path: string): void {
  leftBehind(path);
}

/**
 * Takes a lock; that of a process which has died is taken over. It is given back by the function returned, or when the
 * process exits.
 *
 * @throws LockHeldError when a living process has it
 */
export function takeLock(path: string): () => void {
  if (!make(path)) {
    leftBehind(path);
    takeOver(path);
  }
  const release = (): void => {
    process.off("exit", release);
    rmSync(path, { force: true });
  };
  process.on("exit", release);
  return release;
}
