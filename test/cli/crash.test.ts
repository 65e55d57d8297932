// A short round of scripts/crash-check.mjs, which docs/benchmarks.md has at full length.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { projectRoot } from "../support/commands.js";

test("a training that is killed again and again comes to the same end", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [
    join(projectRoot, "scripts", "crash-check.mjs"), "--kills", "3", "--seed", "5", "--epochs", "3",
    "--sentences", "150",
  ], { encoding: "utf8" });
  expect({ status, stderr, stdout }).toMatchObject({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^run 1 finished: the same as undisturbed$/m);
  expect(stdout).toMatch(/^3 kills, \d+ endings by a full disk: no difference$/m);
});
