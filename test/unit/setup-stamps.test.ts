import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { compileFailure, missingTool } from "../../scripts/setup/addon-failure.mjs";
import {
  contentHash, listingHash, presenceHash, readStamp, sourcesUnchanged, writeStamp,
} from "../../scripts/setup/fingerprint.mjs";
import { takeLock } from "../../scripts/setup/lock.mjs";

let root: string;
let state: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "gp-stamps-"));
  state = path.join(root, ".setup");
  mkdirSync(path.join(root, "native", "ops"), { recursive: true });
  writeFileSync(path.join(root, "native", "a.cc"), "int a;");
  writeFileSync(path.join(root, "native", "ops", "b.cc"), "int b;");
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe("stamps", () => {
  const entries = ["native", "CMakeLists.txt"];
  const stampNow = (): void => {
    writeStamp(state, "addon", { listing: listingHash(root, entries), content: contentHash(root, entries) });
  };
  const unchanged = (): boolean => sourcesUnchanged(root, state, "addon", entries);

  test("without a stamp, or with a damaged one, sources count as changed", () => {
    expect(unchanged()).toBe(false);
    stampNow();
    expect(unchanged()).toBe(true);
    writeFileSync(path.join(state, "addon.json"), "{\"listing\": ");
    expect(unchanged()).toBe(false);
    expect(readStamp(state, "addon")).toBeUndefined();
  });

  test.each<[string, () => void]>([
    ["edited", () => { writeFileSync(path.join(root, "native", "a.cc"), "int c;"); }],
    ["added", () => { writeFileSync(path.join(root, "native", "c.cc"), ""); }],
    ["removed", () => { rmSync(path.join(root, "native", "ops", "b.cc")); }],
    ["added at the top", () => { writeFileSync(path.join(root, "CMakeLists.txt"), ""); }],
  ])("a file %s is noticed", (_, change) => {
    stampNow();
    change();
    expect(unchanged()).toBe(false);
  });

  test("a new date over the same bytes is not a change, and the stamp is renewed", () => {
    stampNow();
    utimesSync(path.join(root, "native", "a.cc"), 1, 1);
    expect(unchanged()).toBe(true);
    expect(readStamp(state, "addon")?.["listing"]).toBe(listingHash(root, entries));
  });

  test("an output that was cut or removed is noticed, a new date is not", () => {
    const before = presenceHash(root, ["native"]);
    utimesSync(path.join(root, "native", "a.cc"), 1, 1);
    expect(presenceHash(root, ["native"])).toBe(before);
    writeFileSync(path.join(root, "native", "a.cc"), "int");
    expect(presenceHash(root, ["native"])).not.toBe(before);
  });
});

describe("the lock", () => {
  test("the second waits for the first and says so once", async () => {
    const order: string[] = [];
    const release = await takeLock(state, () => undefined);
    const second = takeLock(state, (owner) => order.push(`waits for ${owner}`), 5).then((releaseSecond) => {
      order.push("second");
      releaseSecond();
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    order.push("first done");
    release();
    release(); // twice does no harm
    await second;
    expect(order).toEqual([`waits for ${process.pid}`, "first done", "second"]);
    expect(readdirSync(state)).toEqual([]);
  });

  test("one of a dead process is taken over", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    mkdirSync(path.join(state, "lock"), { recursive: true });
    writeFileSync(path.join(state, "lock", "owner.json"), JSON.stringify({ pid: dead, host: hostname() }));
    const release = await takeLock(state, () => undefined, 5);
    release();
    expect(readdirSync(state)).toEqual([]);
  });

  test("of many that want a stale one, one at a time gets it", async () => {
    mkdirSync(path.join(state, "lock"), { recursive: true });
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(path.join(state, "lock", "owner.json"), JSON.stringify({ pid: dead, host: hostname() }));
    let inside = 0;
    let most = 0;
    await Promise.all(Array.from({ length: 8 }, async () => {
      const release = await takeLock(state, () => undefined, 2);
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 5));
      inside--;
      release();
    }));
    expect(most).toBe(1);
  });
});

describe("a failed build", () => {
  test.each([
    ["fatal error: Killed signal terminated program cc1plus", "CMAKE_BUILD_PARALLEL_LEVEL=1"],
    ["CMake Error: No CMAKE_CUDA_COMPILER could be found.", "GP_KERNELS=0"],
    ["CMake 3.19...3.31 or higher is required.  You are running version 3.5", "cmake is too old"],
    ["a.cc:1: error: write failed: No space left on device", "disk is full"],
    ["native/a.cc:7:3: error: expected ';'", "--force"],
  ])("%s", (symptom, remedy) => {
    const message = compileFailure(["[1/9] Building CXX object a.o", symptom, "ninja: build stopped"], "/some/log");
    expect(message).toContain(symptom);
    expect(message).toContain(remedy);
    expect(message).toContain("/some/log");
  });

  test("a missing tool is named with its package", () => {
    expect(missingTool({ PATH: root })).toMatch(/cmake is not on the PATH.*apt-get install cmake/);
    for (const [tool, next] of [["cmake", /C\+\+ compiler.*g\+\+/], ["g++", /neither ninja nor make.*ninja-build/]] as const) {
      writeFileSync(path.join(root, tool), "", { mode: 0o755 });
      expect(missingTool({ PATH: root })).toMatch(next);
    }
    writeFileSync(path.join(root, "ninja"), "", { mode: 0o755 });
    expect(missingTool({ PATH: root })).toBeUndefined();
  });
});
