import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { download } from "./download.mjs";
import { inspectLibtorch, isSupported, supportedRange, TESTED_VERSION } from "./libtorch-version.mjs";
import { runCommand } from "./run-command.mjs";
import { SetupError } from "./setup-error.mjs";
import { listZip, unzip } from "./zip.mjs";

/** @typedef {import("./libtorch-version.mjs").Libtorch} Libtorch */
/** @typedef {import("./project-paths.mjs").ProjectPaths} ProjectPaths */
/** @typedef {import("./reporter.mjs").Reporter} Reporter */

/** Room for the packed and the unpacked LibTorch side by side, in bytes. */
const ROOM = { cpu: 0.9e9, cuda: 14e9 };

/**
 * @typedef {object} FetchWish
 * @property {"cpu" | "cuda"} variant
 * @property {string | undefined} toolkit the version of the CUDA toolkit, for the CUDA variant
 */

/**
 * Fetches LibTorch into the project's own folder: the official archive, else the wheel through pip. What is fetched
 * is put together aside and renamed at the end, so the folder is there whole or not at all.
 * @param {ProjectPaths} paths
 * @param {FetchWish} wish
 * @param {Reporter} reporter
 * @returns {Promise<Libtorch>}
 * @throws {SetupError} that lists each way tried and how to mend it
 */
export async function fetchLibtorch(paths, wish, reporter) {
  sweepPartials(paths.state);
  checkRoom(paths.state, ROOM[wish.variant]);
  const partial = path.join(paths.state, `libtorch-partial-${process.pid}`);
  /** @type {string[]} */
  const tried = [];
  const sources = [
    ...archiveSources(wish).map((url) => () => fromArchive(url, partial, reporter)),
    // An address that the user gave is an order: nothing else is fetched in its place.
    ...(process.env["GP_LIBTORCH_URL"] ? [] : [() => fromWheel(partial, wish, reporter)]),
  ];
  try {
    for (const source of sources) {
      rmSync(partial, { recursive: true, force: true });
      mkdirSync(partial, { recursive: true });
      const attempt = await source();
      const problem = "failed" in attempt ? attempt.failed : verify(attempt.folder, wish);
      if ("folder" in attempt && problem === undefined) {
        return install(attempt.folder, paths.libtorch);
      }
      tried.push(`${attempt.from}: ${problem}`);
      reporter.say(`  ${attempt.from}: ${problem}`);
    }
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  throw new SetupError(everyWayFailed(tried, wish));
}

/**
 * Removes what earlier set-ups left behind when they were killed. The caller holds the lock, so nobody works there now.
 * @param {string} state
 */
export function sweepPartials(state) {
  if (!existsSync(state)) {
    return;
  }
  for (const name of readdirSync(state)) {
    if (/^(libtorch-partial|libtorch-old|dist)-\d+$/.test(name)) {
      rmSync(path.join(state, name), { recursive: true, force: true });
    }
  }
}

/**
 * @param {string} folder
 * @param {number} needed bytes
 */
function checkRoom(folder, needed) {
  mkdirSync(folder, { recursive: true });
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < needed) {
    throw new SetupError(
      `LibTorch needs ${(needed / 1e9).toFixed(1)} GB, ${folder} has ${((bavail * bsize) / 1e9).toFixed(1)} GB left: `
      + "make room there, or point GP_LIBTORCH at a LibTorch that lies elsewhere.",
    );
  }
}

/**
 * Addresses of the official archives that fit this machine, best first.
 * @param {FetchWish} wish
 * @param {NodeJS.ProcessEnv} [env]
 * @param {string} [system] such as "linux-x64"
 * @returns {string[]}
 */
export function archiveSources(wish, env = process.env, system = `${process.platform}-${process.arch}`) {
  const own = env["GP_LIBTORCH_URL"] ?? "";
  if (own !== "") {
    return [own];
  }
  const base = "https://download.pytorch.org/libtorch";
  if (system === "darwin-arm64" && wish.variant === "cpu") {
    return [`${base}/cpu/libtorch-macos-arm64-${TESTED_VERSION}.zip`];
  }
  if (system !== "linux-x64") {
    return [];
  }
  const builds = wish.variant === "cpu" ? ["cpu"] : wish.toolkit?.startsWith("12.") ? ["cu126"] : ["cu130", "cu132"];
  return builds.map((build) => `${base}/${build}/libtorch-shared-with-deps-${TESTED_VERSION}%2B${build}.zip`);
}

/** @typedef {{ from: string } & ({ failed: string } | { folder: string })} Attempt */

/**
 * @param {string} url an http(s) or file address, or the path of a local archive
 * @param {string} partial
 * @param {Reporter} reporter
 * @returns {Promise<Attempt>}
 */
async function fromArchive(url, partial, reporter) {
  const isRemote = /^https?:/.test(url);
  const archive = isRemote ? path.join(partial, "libtorch.zip") : url.startsWith("file:") ? fileURLToPath(url) : url;
  reporter.begin(isRemote ? `fetching ${url}` : `unpacking ${archive}`);
  try {
    if (isRemote) {
      await download(url, archive, (done, total) => reporter.bytes("LibTorch", done, total));
    } else if (!existsSync(archive)) {
      throw new Error("there is no such file");
    }
    return { folder: await unpack(archive, partial, isRemote, reporter), from: url };
  } catch (error) {
    return { from: url, failed: /** @type {Error} */ (error).message };
  }
}

/**
 * The wheel of torch holds all of LibTorch. The first Python whose pip brings it is used.
 * @param {string} partial
 * @param {FetchWish} wish
 * @param {Reporter} reporter
 * @returns {Promise<Attempt>}
 */
async function fromWheel(partial, wish, reporter) {
  const from = `python3 -m pip download torch==${TESTED_VERSION}`;
  /** @type {string[]} */
  const reasons = [];
  for (const python of ["python3", "python"]) {
    reporter.begin(`fetching the wheel of torch ${TESTED_VERSION} with ${python} -m pip${
      wish.variant === "cuda" ? ", and the nvidia wheels that it needs" : ""}`);
    const brought = await downloadWheels(python, partial, wish, reporter);
    if ("wheels" in brought) {
      return await fromWheels(brought.wheels, partial, from, reporter);
    }
    reasons.push(`${python}: ${brought.reason}`);
  }
  return { from, failed: reasons.join("; ") };
}

/**
 * @param {string} python
 * @param {string} partial
 * @param {FetchWish} wish
 * @param {Reporter} reporter
 * @returns {Promise<{ wheels: string } | { reason: string }>}
 */
async function downloadWheels(python, partial, wish, reporter) {
  // The plain version may also stand for a CUDA build; the local version label names the CPU build alone.
  const requirements = wish.variant === "cpu" ? [`torch==${TESTED_VERSION}+cpu`, `torch==${TESTED_VERSION}`]
    : [`torch==${TESTED_VERSION}`];
  const wheels = path.join(partial, "wheels");
  const scratch = path.join(partial, "scratch");
  mkdirSync(wheels, { recursive: true });
  mkdirSync(scratch, { recursive: true });
  let reason = "";
  for (const requirement of requirements) {
    // pip works in TMPDIR before it moves a finished wheel: kept with the rest, so that it goes with the rest.
    const args = ["-m", "pip", "download", requirement, "--dest", wheels, "--no-input", "--progress-bar", "off"];
    let expected = 0;
    const watch = setInterval(
      () => reporter.bytes("torch wheel", folderSize(partial), expected === 0 ? undefined : expected),
      500,
    );
    const { status, lines } = await runCommand(
      python,
      [...args, "--only-binary", ":all:", ...(wish.variant === "cpu" ? ["--no-deps"] : [])],
      {
        env: { ...process.env, TMPDIR: scratch },
        onLine: (line) => {
          expected += sizeInLine(line);
        },
      },
    );
    clearInterval(watch);
    reporter.endProgress();
    if (status === 0) {
      return { wheels };
    }
    reason = pipReason(lines);
    if (status === 127) {
      break;
    }
  }
  return { reason };
}

/**
 * pip's "Downloading torch-2.13.0….whl (191.8 MB)" in bytes, 0 for every other line.
 * @param {string} line
 */
function sizeInLine(line) {
  const match = /^\s*Downloading .*\(([\d.]+) (kB|MB|GB)\)/.exec(line);
  return match === null ? 0 : Number(match[1]) * { kB: 1e3, MB: 1e6, GB: 1e9 }[/** @type {"kB"} */ (match[2])];
}

/** @param {string[]} lines */
function pipReason(lines) {
  const errors = lines.filter((line) => line.startsWith("ERROR:"));
  const reason = errors.at(-1) ?? lines.findLast((line) => line.trim() !== "") ?? "it failed without a word";
  return reason.replace(/^ERROR: /, "").slice(0, 300);
}

/**
 * @param {string} wheels
 * @param {string} partial
 * @param {string} from
 * @param {Reporter} reporter
 * @returns {Promise<Attempt>}
 */
async function fromWheels(wheels, partial, from, reporter) {
  try {
    let folder = "";
    // torch last: its folder is the one to look at in the end.
    const names = readdirSync(wheels).sort((a, b) => Number(a.startsWith("torch-")) - Number(b.startsWith("torch-")));
    for (const name of names) {
      if (name.startsWith("torch-") || name.startsWith("nvidia_")) {
        folder = await unpack(path.join(wheels, name), partial, true, reporter);
      }
    }
    return folder === "" ? { from, failed: "pip brought no torch wheel" } : { from, folder };
  } catch (error) {
    return { from, failed: /** @type {Error} */ (error).message };
  }
}

/**
 * What of an archive or wheel is needed to compile, link and load: no Python code, no test programs.
 * @param {string} name
 */
export function isNeeded(name) {
  return /^(torch|libtorch)\/(lib|include|share)\//.test(name)
    || /^(torch\/version\.py|libtorch\/build-version)$/.test(name)
    // Libraries beside the package that its own ones look for through $ORIGIN.
    || /^torch\.libs\//.test(name)
    || /^nvidia\/.*\/lib\//.test(name);
}

/**
 * @param {string} archive
 * @param {string} partial
 * @param {boolean} remove afterwards, to keep the disk small
 * @param {Reporter} reporter
 * @returns {Promise<string>} the folder that now holds the LibTorch
 */
async function unpack(archive, partial, remove, reporter) {
  const folder = path.join(partial, "unpacked");
  mkdirSync(folder, { recursive: true });
  if (!listZip(archive).some(isNeeded)) {
    throw new SetupError(`${path.basename(archive)} holds no LibTorch.`);
  }
  await unzip(archive, folder, isNeeded, (done, total) => reporter.bytes("unpacking", done, total));
  reporter.endProgress();
  if (remove) {
    rmSync(archive, { force: true });
  }
  return folder;
}

/**
 * @param {string} folder
 * @param {FetchWish} wish
 * @returns {string | undefined} the problem
 */
function verify(folder, wish) {
  const inspected = inspectLibtorch(folder);
  if ("missing" in inspected) {
    return `what came ${inspected.missing}`;
  }
  const { version, variant } = inspected.found;
  if (!isSupported(version)) {
    return `brought LibTorch ${version}, and ${supportedRange()} is needed`;
  }
  if (variant !== wish.variant) {
    return variant === "cuda"
      ? `brought a CUDA build (${version}), and a CPU build was wanted`
      : `brought a CPU build (${version}), and CUDA was asked for`;
  }
  return undefined;
}

/**
 * @param {string} folder what was unpacked
 * @param {string} target
 * @returns {Libtorch}
 */
function install(folder, target) {
  const names = readdirSync(folder);
  // Alone it needs no folder around it; with siblings (torch.libs, nvidia) the relative places must stay.
  const source = names.length === 1 ? path.join(folder, /** @type {string} */ (names[0])) : folder;
  if (existsSync(target)) {
    const old = path.join(path.dirname(path.dirname(folder)), `libtorch-old-${process.pid}`);
    renameSync(target, old);
    renameSync(source, target);
    rmSync(old, { recursive: true, force: true });
  } else {
    renameSync(source, target);
  }
  const inspected = inspectLibtorch(target);
  if ("missing" in inspected) {
    throw new SetupError(`${target} ${inspected.missing}: remove it and run gp-setup again.`);
  }
  return inspected.found;
}

/** @param {string} folder */
function folderSize(folder) {
  let size = 0;
  try {
    for (const name of readdirSync(folder)) {
      const stat = statSync(path.join(folder, name));
      size += stat.isDirectory() ? folderSize(path.join(folder, name)) : stat.size;
    }
  } catch {
    // pip removes its scratch folders while we look
  }
  return size;
}

/**
 * @param {string[]} tried
 * @param {FetchWish} wish
 */
export function everyWayFailed(tried, wish) {
  const cuda = wish.variant === "cuda";
  return [
    `LibTorch (${supportedRange()}, ${cuda ? "CUDA" : "CPU"}) is not on this machine and could not be fetched. Tried:`,
    ...tried.map((line) => `  - ${line}`),
    "Any one of these mends it; run gp-setup again afterwards:",
    "  - have LibTorch or Python's torch already? Set GP_LIBTORCH to its folder (the one with lib/, include/, share/).",
    `  - fetch by hand: choose LibTorch, C++, ${cuda ? "CUDA" : "CPU"} on https://pytorch.org/get-started/locally, `
    + "then set GP_LIBTORCH_URL to the .zip file, or unpack it and set GP_LIBTORCH to the folder.",
    `  - let pip do it: python3 -m pip install torch==${TESTED_VERSION}${
      cuda ? "" : ", its CPU build (the page above names the index)"}; an index of your own goes into PIP_INDEX_URL.`,
    "  - behind a proxy: set HTTPS_PROXY.",
  ].join("\n");
}
