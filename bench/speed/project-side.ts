/**
 * The project's side of a workload: see side.ts.
 *
 *   node dist/bench/speed/project-side.js INPUT [PRECISION [DEVICE [graphs]]]
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { LabelledBatch } from "../../lib/data/dataset.js";
import { GlobalPointer } from "../../lib/index.js";
import { precisions, trainingPrecisions } from "../../lib/model/native.js";
import { aheadOfTime, stepsAhead } from "../../lib/training/step-in-flight.js";
import type { WorkloadInput } from "./inputs.js";

const RATES = { encoder: 5e-5, head: 5e-5 };

function labelled({ sequences, gold }: WorkloadInput["batches"][number]): LabelledBatch {
  const starts = [0];
  for (const sequence of sequences) starts.push((starts.at(-1) ?? 0) + sequence.length);
  const column = (index: number): Int32Array => Int32Array.from(gold, (span) => span[index] ?? 0);
  return {
    batch: { inputIds: Int32Array.from(sequences.flat()), sequenceStarts: Int32Array.from(starts) },
    gold: { sequence: column(0), entityType: column(1), start: column(2), end: column(3) },
  };
}

/** Texts that warm a side up, which takes no whole pass of thousands. */
const WARM_TEXTS = 200;

/** @returns what does one pass and tells its result */
async function prepare(
  input: WorkloadInput, model: GlobalPointer, precision: string,
): Promise<(texts?: readonly string[]) => Promise<number>> {
  const { engine } = model;
  switch (input.task) {
    case "train":
      await engine.configureOptimizer({
        weightDecay: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, maxGradNorm: 1, decayAll: false,
      }, {
        precision: trainingPrecisions.find((name) => name === precision) ?? "fp32",
        cudaGraphs: process.argv[5] === "graphs",
      });
      return async () => {
        let [loss, next] = [NaN, 0];
        await aheadOfTime(stepsAhead(model.device), () => {
          const batch = input.batches[next++];
          return batch === undefined ? undefined : engine.trainStep([labelled(batch)], RATES);
        }, async (step) => { ({ loss } = await step); });
        return loss;
      };
    case "infer": {
      const batches = input.batches.map(labelled);
      const thresholds = model.thresholds();
      return async () => {
        let found = 0;
        for (const { batch } of batches) found += (await engine.predict(batch, thresholds)).start.length;
        return found;
      };
    }
    case "texts":
      return async (texts = input.texts) => {
        const predictions = await model.predict([...texts], { batchSize: input.batchSize });
        return predictions.reduce((sum, { entities }) => sum + entities.length, 0);
      };
  }
}

async function main(): Promise<void> {
  const input = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as WorkloadInput;
  const precision = precisions.find((name) => name === process.argv[3]) ?? "fp32";
  // A model that learns is loaded in single precision.
  const loaded = input.task === "train" ? "fp32" : precision;
  const model = await GlobalPointer.load(input.model, { device: process.argv[4] ?? "cpu", precision: loaded });
  const pass = await prepare(input, model, precision);
  await pass(input.texts.slice(0, WARM_TEXTS));
  const say = (answer: unknown): void => { process.stdout.write(`${JSON.stringify(answer)}\n`); };
  say({ ready: true });
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  while ((await lines.next()).done !== true) {
    const began = performance.now();
    let result = NaN;
    for (let i = 0; i < input.passes; i++) result = await pass();
    say({ seconds: (performance.now() - began) / 1000, result });
  }
  const { peakBytes } = await model.engine.deviceMemory();
  await model.dispose();
  say({ peakBytes: peakBytes === 0 ? process.resourceUsage().maxRSS * 1024 : peakBytes });
}

await main();
