import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

/** How long things took and how much memory is no result. */
const MEASURED = ["seconds", "tokensPerSecond", "memory"];
/** When and how often the run was started differs by intention; the page shows times and the directory's name. */
const NOT_COMPARED = /^(run\.json|report\.html|tensorboard\/.*)$/;

/**
 * What a file holds, times and memory left out.
 * @param {string} file
 * @returns {string}
 */
function contents(file) {
  if (!/(\.jsonl|trainer\.json)$/.test(file)) {
    return readFileSync(file).toString("base64");
  }
  const text = readFileSync(file, "utf8");
  const values = file.endsWith(".jsonl") ? text.trim().split("\n") : [text];
  return values
    .map((value) => JSON.stringify(JSON.parse(value, (key, inner) => (MEASURED.includes(key) ? 0 : inner))))
    .join("\n");
}

/**
 * All files of a run, relative to it.
 * @param {string} run
 * @returns {string[]}
 */
function filesOf(run) {
  return readdirSync(run, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(path.join(run, name)).isFile(),
  );
}

/**
 * Files in which two finished runs differ, byte for byte but for times and memory; those that only one has among them.
 * @param {string} run
 * @param {string} reference
 * @returns {string[]}
 */
export function differences(run, reference) {
  const [own, others] = [filesOf(run), filesOf(reference)];
  return [...new Set([...own, ...others])].sort().filter((name) => {
    if (NOT_COMPARED.test(name)) {
      return false;
    }
    return !own.includes(name) || !others.includes(name)
      || contents(path.join(run, name)) !== contents(path.join(reference, name));
  });
}

/**
 * Epochs that a run can be resumed after; undefined where there is no checkpoint.
 * @param {string} run
 * @returns {number | undefined}
 */
export function checkpointEpoch(run) {
  const last = ["last", "last.previous"].map((name) => path.join(run, name, "trainer.json")).find(existsSync);
  return last === undefined ? undefined : JSON.parse(readFileSync(last, "utf8")).epoch;
}

/**
 * What a killed process left, for the table: half-written entries, and how far its files are apart.
 * @param {string} run
 * @returns {string}
 */
export function leftovers(run) {
  if (!existsSync(run)) {
    return "no directory";
  }
  const entries = readdirSync(run);
  const half = entries
    .filter((name) => /\.(partial-\d+|previous)$/.test(name))
    .map((name) => name.replace(/-\d+$/, ""));
  const metrics = path.join(run, "metrics.jsonl");
  const records = existsSync(metrics) ? readFileSync(metrics, "utf8").split("\n").length - 1 : 0;
  if (records > (checkpointEpoch(run) ?? 0)) {
    half.push("record before its checkpoint");
  }
  return half.join(", ");
}
