import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** A lock of another machine (a shared folder) counts as left behind when it was not renewed for this long, in ms. */
const FOREIGN_LIFETIME = 60_000;
/** A lock folder without an owner is one that is just being made, or was left behind right then, in ms. */
const OWNERLESS_LIFETIME = 2_000;
const RENEWAL = 10_000;

/**
 * Waits until no other set-up works in this folder, then holds the place.
 * @param {string} state the folder for the lock
 * @param {(owner: string) => void} onWait called once, when there is someone to wait for
 * @param {number} [poll] milliseconds between looks
 * @returns {Promise<() => void>} gives the lock back; safe to call twice
 */
export async function takeLock(state, onWait, poll = 250) {
  const lock = path.join(state, "lock");
  mkdirSync(state, { recursive: true });
  let told = false;
  while (!tryTake(lock)) {
    if (isStale(lock)) {
      removeStale(lock);
      await sleep(10);
      continue;
    }
    if (!told) {
      onWait(readOwner(lock)?.pid.toString() ?? "unknown");
      told = true;
    }
    await sleep(poll);
  }
  const renewal = setInterval(() => writeOwner(lock), RENEWAL);
  renewal.unref();
  let held = true;
  return () => {
    if (held) {
      held = false;
      clearInterval(renewal);
      rmSync(lock, { recursive: true, force: true });
    }
  };
}

/** @param {string} lock */
function tryTake(lock) {
  try {
    mkdirSync(lock);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "EEXIST") {
      return false;
    }
    throw error;
  }
  writeOwner(lock);
  return true;
}

/** @param {string} lock */
function writeOwner(lock) {
  try {
    const owner = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
    writeFileSync(path.join(lock, "owner.json"), JSON.stringify(owner));
  } catch {
    // The lock folder was removed by hand: there is nothing left to renew.
  }
}

/**
 * @param {string} lock
 * @returns {{ pid: number, host: string, started?: string } | undefined}
 */
function readOwner(lock) {
  try {
    const owner = JSON.parse(readFileSync(path.join(lock, "owner.json"), "utf8"));
    return Number.isInteger(owner?.pid) && owner.pid > 0 ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} lock */
function isStale(lock) {
  const owner = readOwner(lock);
  const file = owner === undefined ? lock : path.join(lock, "owner.json");
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) {
    return false; // given back while we looked
  }
  const age = Date.now() - stat.mtimeMs;
  if (owner === undefined) {
    return age > OWNERLESS_LIFETIME;
  }
  if (owner.host !== hostname()) {
    return age > FOREIGN_LIFETIME;
  }
  return !isAlive(owner);
}

/** @param {{ pid: number, started?: string }} owner */
function isAlive(owner) {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
  }
  // The number may have gone to another process since: its start time tells.
  return owner.started === undefined || owner.started === startOf(owner.pid);
}

/**
 * When a process started, in clock ticks since boot, where the system tells (Linux).
 * @param {number} pid
 * @returns {string | undefined}
 */
function startOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold blanks; the start time is the 20th field after it.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/**
 * Removes a lock that was left behind. Of several that want to, one does it: otherwise the second could remove the
 * lock that the first has just taken.
 * @param {string} lock
 */
function removeStale(lock) {
  const guard = `${lock}-removal`;
  try {
    mkdirSync(guard);
  } catch {
    const stat = statSync(guard, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.mtimeMs > OWNERLESS_LIFETIME) {
      rmSync(guard, { recursive: true, force: true });
    }
    return;
  }
  try {
    if (isStale(lock)) {
      rmSync(lock, { recursive: true, force: true });
    }
  } finally {
    rmSync(guard, { recursive: true, force: true });
  }
}
