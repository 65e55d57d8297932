// A disk that is full, or a file that may grow no further: told in one sentence, and what was there stays.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  expectRefusal, filesBelow, projectRoot, runCommand, startCommand, temporaryFolder, type Outcome,
} from "../support/commands.js";
import { tinySentences, writeTinyCorpus } from "../support/tiny-corpus.js";

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);
const sentences = tinySentences(400).join("\n");

function contents(path: string): Record<string, string> {
  return Object.fromEntries(filesBelow(path).map((name) => [name, readFileSync(join(path, name)).toString("base64")]));
}

/** Runs a command through a shell line that has "$@" where the command goes. */
function runInShell(line: string, name: string, args: readonly string[], input = ""): Outcome {
  const script = join(projectRoot, "dist", "bin", `${name}.js`);
  const { status, stdout, stderr } = spawnSync("sh", ["-c", line, "sh", process.execPath, script, ...args], {
    cwd: folder.path, input, encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** A run that was stopped after its first epoch. */
async function stoppedRun(path: string): Promise<void> {
  const command = startCommand("gp-train", ["--config", at("config.json"), "--output", path]);
  await command.saying("epoch 1 ");
  command.child.kill("SIGINT");
  expect(await command.ended).toMatchObject({ status: 130 });
}

beforeAll(async () => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path, { training: { epochs: 40 } });
  await stoppedRun(at("run"));
});
afterAll(() => { folder.remove(); });

describe("a limit on the size of files", () => {
  const LIMITED = "ulimit -f 16; exec \"$@\""; // 8 KiB; one file of weights takes more

  test("gp-train leaves no run, or the last checkpoint as it was", () => {
    const message = /^gp-train: .*model\.safetensors.*: .*; raise the limit on file size .* \[OUTPUT\]\n$/;
    expectRefusal(runInShell(LIMITED, "gp-train", ["--config", "config.json", "--output", "fresh"]), message);
    expect(existsSync(at("fresh"))).toBe(false);
    const before = contents(at("run", "last"));
    expectRefusal(runInShell(LIMITED, "gp-train", ["--resume", "run"]), message);
    expect(contents(at("run", "last"))).toEqual(before);
    expect(readdirSync(at("run")).sort())
      .toEqual(["best", "config.json", "last", "metrics.jsonl", "report.html", "run.json", "steps.jsonl"]);
  });

  test("gp-predict leaves no file, or the old one", () => {
    writeFileSync(at("old.jsonl"), "old\n");
    for (const name of ["old.jsonl", "new.jsonl"]) {
      expectRefusal(
        runInShell(LIMITED, "gp-predict", ["--model", "run/best", "--output", name], sentences),
        new RegExp(`^gp-predict: Cannot write ${name}: the file is larger than the system allows; .* \\[OUTPUT\\]\\n$`),
      );
    }
    expect(readFileSync(at("old.jsonl"), "utf8")).toBe("old\n");
    const left = readdirSync(folder.path).filter((name) => name.startsWith("new.jsonl") || name.includes("partial"));
    expect(left).toEqual([]);
  });
});

test("standard output on a full disk", () => {
  const outcome = runInShell("exec \"$@\" > /dev/full", "gp-predict", ["--model", "run/best"], sentences);
  expectRefusal(outcome, /^gp-predict: Cannot write to standard output: the disk is full; make room and try again\. /);
});

test("a console on a full disk does not stop a training", () => {
  const { status, stderr } = runInShell(
    "exec \"$@\" > /dev/full", "gp-train", ["--config", at("config.json"), "--output", "silent"],
  );
  expect(status).toBe(0);
  expect(stderr).toMatch(/^gp-train: Cannot write to standard output, and goes on: the disk is full; .* \[OUTPUT\]\n$/);
  expect(readdirSync(at("silent")).sort())
    .toEqual(["best", "config.json", "last", "metrics.jsonl", "report.html", "run.json", "steps.jsonl"]);
});

describe("a full disk", () => {
  let disk: string | undefined;

  beforeAll(() => {
    const place = at("disk");
    mkdirSync(place);
    const { status, stderr, error } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", place], {
      encoding: "utf8",
    });
    if (status === 0) disk = place;
    else console.warn(`a small disk to fill cannot be mounted here (${error?.message ?? stderr.trim()}): not tested`);
  });
  afterAll(() => {
    if (disk !== undefined) expect(spawnSync("umount", [disk]).status).toBe(0);
  });

  /** Leaves about so many bytes free. */
  function fillUp(path: string, free: number): void {
    const { bavail, bsize } = statfsSync(path);
    writeFileSync(join(path, "filler"), Buffer.alloc(bavail * bsize - free));
  }

  test("gp-train tells it, keeps its last checkpoint and goes on when there is room; gp-predict keeps the old file",
    async () => {
      if (disk === undefined) return; // the reason has been printed
      const run = join(disk, "run");
      await stoppedRun(run);
      writeFileSync(join(disk, "out.jsonl"), "old\n");
      fillUp(disk, 16_384);
      const before = contents(run);
      const message = /^gp-train: .*(best|last|metrics).*: .*; (free some space on this disk|make room) and try again.* \[OUTPUT\]\n$/;
      expectRefusal(await runCommand("gp-train", ["--resume", run]), message);
      const after = contents(run);
      const checkpoint = Object.keys(before).filter((name) => name.startsWith("last"));
      expect(checkpoint.filter((name) => after[name] !== before[name])).toEqual([]);
      const other = ["--config", at("config.json"), "--output", join(disk, "other")];
      expectRefusal(await runCommand("gp-train", other), message);
      expectRefusal(
        await runCommand("gp-predict", ["--model", join(run, "best"), "--output", join(disk, "out.jsonl")],
          { input: sentences }),
        /Cannot write .*out\.jsonl: the disk is full; make room and try again/,
      );
      expect(readFileSync(join(disk, "out.jsonl"), "utf8")).toBe("old\n");
      expect(readdirSync(disk).sort()).toEqual(["filler", "out.jsonl", "run"]);

      rmSync(join(disk, "filler"));
      expect(await runCommand("gp-train", ["--resume", run])).toMatchObject({ status: 0, stderr: "" });
      await runCommand("gp-train", ["--resume", at("run")]);
      expect(readFileSync(join(run, "last", "model.safetensors")))
        .toEqual(readFileSync(at("run", "last", "model.safetensors")));
    });
});
