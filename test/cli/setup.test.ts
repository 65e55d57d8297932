// Runs the real gp-setup in a small stand-in for the project, whose npm, cmake-js and tsc only note that they ran.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { makeLibtorch } from "../fixtures/setup/fake-libtorch.js";

const scripts = fileURLToPath(new URL("../../scripts/", import.meta.url));

let parent: string;
let root: string;
let environment: NodeJS.ProcessEnv;

function write(file: string, text: string, mode = 0o644): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text, { mode });
}

/** A stand-in program: appends its name to calls.txt, then does `work`. */
function standIn(name: string, work: string): string {
  return `const fs = require("node:fs"), path = require("node:path");
fs.appendFileSync(${JSON.stringify(path.join(root, "calls.txt"))}, ${JSON.stringify(name)} + " ");
const option = (flag) => process.argv[process.argv.indexOf(flag) + 1];
${work}`;
}

const CMAKE_JS = `
if (process.argv.includes("build")) {
  const slow = process.env.GP_TEST_SLOW ? 600 : 0;
  setTimeout(() => {
    if (fs.readFileSync(path.join(option("--directory"), "native/a.cc"), "utf8").includes("broken")) {
      console.error("native/a.cc:1:1: error: broken");
      process.exit(1);
    }
    const folder = path.join(option("--out"), "Release");
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "globalpointer.node"), "addon");
  }, slow);
} else {
  fs.mkdirSync(option("--out"), { recursive: true });
}`;

const TSC = `
if (fs.readFileSync("lib/index.ts", "utf8").includes("broken")) {
  console.log("lib/index.ts(1,1): error TS1: broken");
  process.exit(2);
}
for (const file of fs.readdirSync("lib")) {
  fs.mkdirSync(path.join(option("--outDir"), "lib"), { recursive: true });
  fs.copyFileSync(path.join("lib", file), path.join(option("--outDir"), "lib", file.replace(".ts", ".js")));
}`;

const NPM = `
if (process.argv.includes("ci") && fs.existsSync("refuse-ci")) {
  console.error("npm error code EUSAGE");
  process.exit(1);
}
const lock = JSON.parse(fs.readFileSync("package-lock.json", "utf8"));
fs.mkdirSync("node_modules", { recursive: true });
fs.writeFileSync("node_modules/.package-lock.json", JSON.stringify(lock));`;

beforeEach(() => {
  parent = mkdtempSync(path.join(tmpdir(), "gp-setup-"));
  root = path.join(parent, "project");
  cpSync(scripts, path.join(root, "scripts"), { recursive: true });
  const bin = { "gp-setup": "scripts/gp-setup.mjs", "gp-train": "dist/lib/index.js" };
  write("package.json", JSON.stringify({ bin }));
  write("package-lock.json", JSON.stringify({ packages: {} }));
  write("tsconfig.build.json", "{}");
  write("lib/index.ts", "");
  write("native/a.cc", "");
  write("CMakeLists.txt", "");
  write("npm-cli.js", standIn("npm", NPM));
  write("node_modules/cmake-js/package.json", JSON.stringify({ bin: { "cmake-js": "bin/cmake-js" } }));
  write("node_modules/cmake-js/bin/cmake-js", standIn("cmake-js", CMAKE_JS));
  write("node_modules/typescript/bin/tsc", standIn("tsc", TSC));
  for (const tool of ["cmake", "g++", "ninja"]) {
    write(`tools/${tool}`, "", 0o755);
  }
  makeLibtorch(path.join(parent, "libtorch"), "2.13.0+cpu");
  environment = {
    PATH: path.join(root, "tools"),
    GP_LIBTORCH: path.join(parent, "libtorch"),
    npm_execpath: path.join(root, "npm-cli.js"),
  };
});
afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

interface Outcome {
  status: number | null;
  out: string;
  err: string;
  /** The stand-ins that ran, in order. */
  calls: string[];
}

function setUp(args: string[] = [], extra: NodeJS.ProcessEnv = {}, script = path.join(root, "scripts")): Outcome {
  rmSync(path.join(root, "calls.txt"), { force: true });
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(script, "gp-setup.mjs"), ...args], {
    env: { ...environment, ...extra },
    cwd: parent,
    encoding: "utf8",
  });
  return { status, out: stdout, err: stderr, calls: calls() };
}

function calls(): string[] {
  const file = path.join(root, "calls.txt");
  return existsSync(file) ? readFileSync(file, "utf8").trim().split(" ") : [];
}

const ALL = ["npm", "cmake-js", "cmake-js", "tsc"];

test("does everything once, then nothing and says nothing", () => {
  const first = setUp(["--quiet"]);
  expect(first).toMatchObject({ status: 0, err: "", calls: ALL });
  expect(first.out).toMatch(/npm ci[^]*LibTorch 2\.13\.0\+cpu \(CPU, GP_LIBTORCH\)[^]*native addon[^]*TypeScript/);
  expect(readFileSync(path.join(root, "build/Release/globalpointer.node"), "utf8")).toBe("addon");
  expect(setUp(["--quiet"])).toEqual({ status: 0, out: "", err: "", calls: [] });
  expect(setUp()).toMatchObject({ status: 0, out: "gp-setup: everything is up to date\n", calls: [] });
  // What was found stays good when the variable is no longer set.
  expect(setUp(["--quiet"], { GP_LIBTORCH: "" }).calls).toEqual([]);
  expect(setUp(["--force"]).calls).toEqual(ALL);
});

test("the package's commands can be run where npx looks for them", () => {
  write("lib/index.ts", "#!/usr/bin/env node\nconsole.log('it runs');");
  setUp(["--quiet"]);
  const command = path.join(root, "node_modules", ".bin", "gp-train");
  const ran = spawnSync(command, { encoding: "utf8" });
  expect({ status: ran.status, out: ran.stdout }).toEqual({ status: 0, out: "it runs\n" });
  rmSync(command);
  expect(setUp(["--quiet"])).toMatchObject({ status: 0, err: "", calls: [] });
  expect(spawnSync(command, { encoding: "utf8" }).stdout).toBe("it runs\n");
});

test("does again only what a change calls for", () => {
  setUp(["--dev"]);
  write("native/b.cc", "int b;");
  expect(setUp(["--dev"]).calls).toEqual(["cmake-js", "cmake-js"]);
  write("lib/more.ts", "");
  expect(setUp().calls).toEqual(["tsc"]);
  rmSync(path.join(root, "lib/more.ts"));
  expect(setUp().calls).toEqual(["tsc"]);
  expect(readdirSync(path.join(root, "dist/lib"))).toEqual(["index.js"]); // no stale output
  rmSync(path.join(root, "dist/lib/index.js"));
  expect(setUp().calls).toEqual(["tsc"]);
  rmSync(path.join(root, "build"), { recursive: true });
  expect(setUp().calls).toEqual(["cmake-js", "cmake-js"]);
  write("package-lock.json", JSON.stringify({ packages: { "node_modules/new": { version: "1.0.0" } } }));
  expect(setUp().calls).toEqual(["npm"]);
  makeLibtorch(path.join(parent, "other"), "2.12.0");
  const moved = setUp(["--quiet"], { GP_LIBTORCH: path.join(parent, "other") });
  expect(moved.calls).toEqual(["cmake-js", "cmake-js"]);
  expect(moved.out).toContain("LibTorch 2.12.0");
});

test("takes an npm install of the user's own as it is", () => {
  write("node_modules/.package-lock.json", readFileSync(path.join(root, "package-lock.json"), "utf8"));
  expect(setUp().calls).toEqual(["cmake-js", "cmake-js", "tsc"]);
});

test("a lock file that npm ci refuses is installed all the same", () => {
  write("refuse-ci", "");
  const outcome = setUp();
  expect(outcome).toMatchObject({ status: 0, calls: ["npm", ...ALL] });
  expect(outcome.out).toContain("npm install --no-save");
});

test("an installed package gets LibTorch and the addon only, in its own folder", () => {
  const installed = path.join(parent, "consumer/node_modules/globalpointer");
  rmSync(path.join(root, "tsconfig.build.json"));
  rmSync(path.join(root, "lib"), { recursive: true });
  cpSync(root, installed, { recursive: true });
  // Its dependencies lie beside it, as npm puts them.
  renameSync(path.join(installed, "node_modules/cmake-js"), path.join(parent, "consumer/node_modules/cmake-js"));
  const outcome = setUp([], {}, path.join(installed, "scripts"));
  expect(outcome).toMatchObject({ status: 0, err: "", calls: ["cmake-js", "cmake-js"] });
  expect(existsSync(path.join(installed, "build/Release/globalpointer.node"))).toBe(true);
  expect(setUp([], {}, path.join(installed, "scripts")).out).toContain("everything is up to date");
});

test("what does not compile is shown, what was there before stays, and the next run tries again", () => {
  setUp();
  write("native/a.cc", "broken");
  const native = setUp();
  expect(native).toMatchObject({ status: 1, calls: ["cmake-js", "cmake-js"] });
  expect(native.err).toMatch(/could not be built:\n {2}native\/a\.cc:1:1: error: broken\n[^]*addon\.log/);
  expect(native.err).not.toMatch(/^\s+at /m);
  expect(existsSync(path.join(root, "build/Release/globalpointer.node"))).toBe(true);
  write("native/a.cc", "mended");
  write("lib/index.ts", "broken");
  const typescript = setUp();
  expect(typescript).toMatchObject({ status: 1, calls: ["cmake-js", "cmake-js", "tsc"] });
  expect(typescript.err).toContain("error TS1: broken");
  expect(existsSync(path.join(root, "dist/lib/index.js"))).toBe(true);
  write("lib/index.ts", "mended");
  expect(setUp()).toMatchObject({ status: 0, calls: ["tsc"] });
});

test.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
  ["a LibTorch that is not there", [], { GP_LIBTORCH: "/nonsense" }, /GP_LIBTORCH is set to ".nonsense", which does not/],
  ["no compiler", [], { PATH: "" }, /cmake is not on the PATH/],
  ["an unknown flag", ["--fast"], {}, /'--fast'.*--help/],
  ["contradicting flags", ["--cpu", "--cuda"], {}, /--cuda and --cpu contradict/],
  ["a strange GP_CUDA", [], { GP_CUDA: "yes" }, /GP_CUDA is "yes"/],
  ["no way to a LibTorch", [], { GP_LIBTORCH: "", GP_LIBTORCH_URL: "/none.zip" },
    /not on this machine[^]*\/none\.zip: there is no such file[^]*GP_LIBTORCH[^]*pip install/],
])("%s: one message, no stack trace, exit code 1", (_, args, extra, message) => {
  const outcome = setUp(args, extra);
  expect(outcome.status).toBe(1);
  expect(outcome.err).toMatch(message);
  expect(outcome.err).not.toMatch(/^\s+at .*:\d+:\d+/m);
});

test("--help tells flags, order and versions, and does nothing", () => {
  const { status, out, calls: ran } = setUp(["--help"]);
  expect({ status, ran }).toEqual({ status: 0, ran: [] });
  expect(out).toMatch(/--cuda[^]*>= 2\.11 and < 2\.15[^]*GP_LIBTORCH[^]*python3[^]*\.libtorch[^]*pip/);
});

interface Started {
  child: ChildProcess;
  ended: Promise<number | null>;
  output: () => string;
}

function start(extra: NodeJS.ProcessEnv): Started {
  const script = path.join(root, "scripts/gp-setup.mjs");
  const child = spawn(process.execPath, [script], { env: { ...environment, ...extra } });
  let output = "";
  child.stdout.on("data", (text) => {
    output += String(text);
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, output: () => output };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("of two at once one works, the other waits, says so and finds everything done", async () => {
  const first = start({ GP_TEST_SLOW: "1" });
  await until(() => first.output().includes("native addon"));
  const second = start({ GP_TEST_SLOW: "1" });
  expect(await Promise.all([first.ended, second.ended])).toEqual([0, 0]);
  expect(second.output()).toContain(`another set-up (process ${first.child.pid}) is at work`);
  expect(calls()).toEqual(ALL);
});

test.each(["SIGINT", "SIGTERM", "SIGKILL"] as const)("after %s the next run goes on where it must", async (signal) => {
  const first = start({ GP_TEST_SLOW: "1" });
  await until(() => calls().length === 3);
  first.child.kill(signal);
  const status = await first.ended;
  expect(status).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: null }[signal]);
  expect(existsSync(path.join(root, "build/Release/globalpointer.node"))).toBe(false);
  expect(setUp()).toMatchObject({ status: 0, calls: ["cmake-js", "cmake-js", "tsc"] });
  expect(readdirSync(path.join(root, ".setup")).sort()).toEqual([
    "addon.json", "libtorch.json", "npm.json", "typescript.json",
  ]);
});
