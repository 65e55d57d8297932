/**
 * Whether memory stays what it is over many steps of training with batches of ever other lengths: a small model, 10,000
 * steps, and the resident memory at ten moments.
 *
 *   node dist/bench/steps.js [--steps N]
 */
import { parseArgs } from "node:util";
import { Random } from "../lib/data/random.js";
import { createEngine } from "../lib/model/engine.js";
import { runBenchmark } from "./run-benchmark.js";

const VOCABULARY = 5000;
const TYPES = 10;
const SEQUENCES = 8;
const LONGEST = 96; // tokens
const MOMENTS = 10;

function randomBatch(random: Random) {
  const sequenceStarts = new Int32Array(SEQUENCES + 1);
  for (let i = 0; i < SEQUENCES; i++) sequenceStarts[i + 1] = (sequenceStarts[i] ?? 0) + 2 + random.below(LONGEST - 1);
  const inputIds = Int32Array.from({ length: sequenceStarts[SEQUENCES] ?? 0 }, () => 1 + random.below(VOCABULARY - 1));
  const column = (value: () => number): Int32Array => Int32Array.from({ length: SEQUENCES }, value);
  return {
    batch: { inputIds, sequenceStarts },
    gold: {
      sequence: Int32Array.from({ length: SEQUENCES }, (_, index) => index),
      entityType: column(() => random.below(TYPES)),
      start: column(() => 0),
      end: column(() => random.below(2)),
    },
  };
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { steps: { type: "string", default: "10000" } } });
  const steps = Number(values.steps);
  const engine = createEngine({
    shape: {
      vocabSize: VOCABULARY, hiddenSize: 128, numHiddenLayers: 2, numAttentionHeads: 2, intermediateSize: 512,
      maxPositionEmbeddings: 512, typeVocabSize: 2, padTokenId: 0, layerNormEps: 1e-12, hiddenAct: "gelu",
      hiddenDropoutProb: 0.1, attentionProbsDropoutProb: 0.1, initializerRange: 0.02, embeddingSize: 128,
      positions: "learned", positionOffset: 0, taskTypeVocabSize: 0, rotaryValue: false, entityTypeCount: TYPES,
      headType: "global-pointer", headSize: 64, rope: true, biasInput: "projection", maskSpecialTokens: false,
    },
    device: "cpu", threads: 0, seed: 1,
  });
  await engine.initialise();
  await engine.configureOptimizer({
    weightDecay: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-8, maxGradNorm: 1, decayAll: false,
  });
  const random = new Random(2333);
  for (let step = 1; step <= steps; step++) {
    await engine.trainStep([randomBatch(random)], { encoder: 1e-4, head: 1e-4 });
    if (step % Math.ceil(steps / MOMENTS) === 0) {
      process.stdout.write(`step ${step}: ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB\n`);
    }
  }
  await engine.dispose();
}

await runBenchmark(main);
