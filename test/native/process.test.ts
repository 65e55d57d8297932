import { spawn } from "node:child_process";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import {
  largeBatch, largeGold, largeShape, learningRates, optimizerOptions, tinyBatch, tinyGold, tinyShape,
} from "./tiny-model.js";

// How engines live and end with processes and worker threads. The programs below are plain JavaScript, and CommonJS,
// since that is what a worker's source text and node's standard input take.

const ADDON = join(import.meta.dirname, "..", "..", "build", "Release", "globalpointer.node");

/** `model(size)` makes an engine that is ready to train, `step(engine, size)` trains it once; sizes: tiny, large. */
const PRELUDE = `
  const { Engine } = require(${JSON.stringify(ADDON)});
  const column = (values) => Int32Array.from(values);
  const sizes = ${JSON.stringify({
    tiny: { shape: tinyShape, batch: plain(tinyBatch), gold: plain(tinyGold) },
    large: { shape: largeShape, batch: plain(largeBatch), gold: plain(largeGold) },
  })};
  const columns = (table) => Object.fromEntries(Object.entries(table).map(([key, values]) => [key, column(values)]));
  const model = async (size) => {
    const engine = new Engine({ shape: sizes[size].shape, device: "cpu", threads: 2, seed: 1 });
    await engine.initialise();
    await engine.configureOptimizer(${JSON.stringify(optimizerOptions)});
    return engine;
  };
  const step = (engine, size) =>
    engine.trainStep(
      [{ batch: columns(sizes[size].batch), gold: columns(sizes[size].gold) }], ${JSON.stringify(learningRates)},
    );
`;

function plain(table: object): Record<string, number[]> {
  return Object.fromEntries(Object.entries(table).map(([key, values]) => [key, Array.from(values as Int32Array)]));
}

interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
  errors: string;
}

/** Runs a program to its end; one that hangs is killed, which shows in `signal`. */
async function runProgram(program: string): Promise<End> {
  const child = spawn(process.execPath, ["-"], { stdio: "pipe", timeout: 60_000, killSignal: "SIGKILL" });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => { output += text; });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { errors += text; });
  child.stdin.end(`${PRELUDE}\n${program}`);
  return await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => { resolve({ code, signal, output, errors }); });
  });
}

const clean = (output: string): End => ({ code: 0, signal: null, output, errors: "" });

describe("a process", () => {
  test("that never disposes ends by itself, its last step done", async () => {
    expect(await runProgram(`
      model("tiny").then((engine) => step(engine, "tiny")).then(({ applied }) => console.log(applied));
    `)).toEqual(clean("true\n"));
  });

  test("with nothing to wait for but a step waits for it", async () => {
    expect(await runProgram(`
      model("large").then((engine) => { step(engine, "large").then(({ applied }) => console.log(applied)); });
    `)).toEqual(clean("true\n"));
  });

  test("that exits in the middle of a step ends with its own exit code", async () => {
    expect(await runProgram(`
      model("large").then((engine) => {
        for (let i = 0; i < 50; i++) step(engine, "large");
        setTimeout(() => process.exit(7), 20);
      });
    `)).toEqual({ ...clean(""), code: 7 });
  });

  test("that fails in the middle of a step ends like any other", async () => {
    const { code, signal, errors } = await runProgram(`
      model("large").then((engine) => {
        step(engine, "large");
        setTimeout(() => { throw new Error("on purpose"); }, 20);
      });
    `);
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    expect(errors).toContain("on purpose");
  });

  test("collects engines that nobody holds any more", async () => {
    expect(await runProgram(`
      require("node:v8").setFlagsFromString("--expose-gc");
      const collect = require("node:vm").runInNewContext("gc");
      let gone = 0;
      const registry = new FinalizationRegistry(() => gone++);
      const make = async () => { for (let i = 0; i < 8; i++) registry.register(await model("tiny")); };
      const wait = (turns) => {
        collect();
        if (gone >= 7) console.log("collected");
        else if (turns > 0) setTimeout(wait, 5, turns - 1);
        else console.log(gone + " of 8 collected");
      };
      make().then(() => setImmediate(wait, 200));
    `)).toEqual(clean("collected\n"));
  });
});

describe("a worker thread", () => {
  test("trains beside the main thread", async () => {
    const worker = new Worker(`${PRELUDE}
      const { parentPort } = require("node:worker_threads");
      model("tiny").then(async (engine) => {
        const losses = [(await step(engine, "tiny")).loss, (await step(engine, "tiny")).loss];
        await engine.dispose();
        parentPort.postMessage(losses);
      });
    `, { eval: true });
    const messages: unknown[] = [];
    worker.on("message", (message) => messages.push(message));
    const code = await new Promise<number>((resolve, reject) => {
      worker.on("error", reject);
      worker.on("exit", resolve);
    });
    expect(code).toBe(0);
    expect(messages).toEqual([[expect.any(Number), expect.any(Number)]]);
  });

  test("and several beside each other reckon the same", async () => {
    expect(await runProgram(`
      const { Worker, isMainThread } = require("node:worker_threads");
      const work = ${JSON.stringify(`${PRELUDE}
        const { parentPort } = require("node:worker_threads");
        model("tiny").then(async (engine) => {
          for (let i = 0; i < 20; i++) await step(engine, "tiny");
          parentPort.postMessage((await step(engine, "tiny")).loss);
        });
      `)};
      const run = () => new Promise((resolve, reject) => {
        new Worker(work, { eval: true }).on("message", resolve).on("error", reject);
      });
      Promise.all([run(), run(), run()]).then((losses) => console.log(new Set(losses).size));
    `)).toEqual(clean("1\n"));
  });

  test("that is terminated in the middle of a step takes nothing down with it", async () => {
    expect(await runProgram(`
      const { Worker } = require("node:worker_threads");
      const work = ${JSON.stringify(`${PRELUDE}
        const { parentPort } = require("node:worker_threads");
        model("large").then((engine) => {
          for (let i = 0; i < 50; i++) step(engine, "large").catch(() => undefined);
          parentPort.postMessage("begun");
        });
      `)};
      const once = (emitter, event) => new Promise((resolve) => emitter.once(event, resolve));
      (async () => {
        for (let i = 0; i < 3; i++) {
          const worker = new Worker(work, { eval: true });
          await once(worker, "message");
          await new Promise((resolve) => setTimeout(resolve, 20 * i));
          await worker.terminate();
        }
        const engine = await model("tiny");
        const { applied } = await step(engine, "tiny");
        await engine.dispose();
        console.log("still here: " + applied);
      })();
    `)).toEqual(clean("still here: true\n"));
  });
});
