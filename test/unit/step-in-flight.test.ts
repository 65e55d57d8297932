import { jest } from "@jest/globals";
import type { LabelledBatch } from "../../lib/data/dataset.js";
import { GlobalPointerError } from "../../lib/errors.js";
import type { NativeEngine, StepResult } from "../../lib/model/native.js";
import { aheadOfTime, StepInFlight, stepsAhead } from "../../lib/training/step-in-flight.js";

describe("aheadOfTime", () => {
  /** Begins `count` pieces, each of which ends with a turn of the event loop, and notes what happens. */
  async function events(ahead: number, count: number, stopAfter = Infinity): Promise<string[]> {
    const seen: string[] = [];
    let begun = 0, ended = 0;
    await aheadOfTime(ahead, (inFlight) => {
      expect(inFlight).toBe(begun - ended);
      if (begun === count || ended >= stopAfter) return undefined;
      begun++;
      seen.push(`begin ${begun}`);
      return begun;
    }, async (piece) => {
      await new Promise((resolve) => { setImmediate(resolve); });
      ended++;
      seen.push(`end ${piece}`);
    });
    return seen;
  }

  test("one at a time", async () => {
    expect(await events(1, 3)).toEqual(["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"]);
  });
  test("two in flight, ended in order", async () => {
    expect(await events(2, 4)).toEqual([
      "begin 1", "begin 2", "end 1", "begin 3", "end 2", "begin 4", "end 3", "end 4",
    ]);
  });
  test("what is in flight at a stop is ended, and no more is begun", async () => {
    expect(await events(2, 9, 1)).toEqual(["begin 1", "begin 2", "end 1", "end 2"]);
  });
  test("none at all", async () => {
    expect(await events(2, 0)).toEqual([]);
  });
  test("a failure is passed on, with nothing begun after it", async () => {
    let begun = 0;
    await expect(aheadOfTime(2, () => ++begun, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(begun).toBe(2);
  });
});

test("a CUDA device has a step prepared, the CPU computes one at a time", () => {
  expect([stepsAhead("cpu"), stepsAhead("cuda:0")]).toEqual([1, 2]);
});

describe("a step in flight", () => {
  const column = (length: number): Int32Array => new Int32Array(length);
  const batches: LabelledBatch[] = [2, 5].map((tokens) => ({
    batch: { inputIds: column(tokens), sequenceStarts: Int32Array.from([0, tokens]) },
    gold: { sequence: column(0), entityType: column(0), start: column(0), end: column(0) },
  }));
  const rates = { encoder: 1e-3, head: 2e-3 };
  const engineThat = (trainStep: () => Promise<StepResult>): NativeEngine => ({ trainStep }) as unknown as NativeEngine;
  const outOfMemory = (): Promise<StepResult> => Promise.reject(new GlobalPointerError(
    "OUT_OF_MEMORY", "Out of memory in a training step on 64 sequences, the longest of 512 tokens: lower them.",
  ));

  test("knows its tokens, and how long it took since the one before it ended", async () => {
    const result = { loss: 1.5, gradientNorm: 2, applied: true };
    const step = new StepInFlight(engineThat(() => Promise.resolve(result)), batches, rates);
    expect(step.tokens).toBe(7);
    const free = performance.now() + 3_600_000;
    expect(await step.end(free)).toMatchObject({ ...result, seconds: expect.closeTo(-3600, 0) as number });
    const other = await step.end(0);
    expect(other.seconds).toBeGreaterThanOrEqual(0);
    expect(other.seconds).toBeLessThan(60);
  });

  test.each<[boolean, RegExp, RegExp]>([
    [false, /^Out of memory in a training step on 64 .* lower training\.batchSize .*autoMicroBatch/, /^$/],
    [true, /tokens: lower training\.maxSeqLen, turn on training\.activationCheckpointing/, /batchSize|autoMicroBatch/],
  ])("without memory says what to lower (tried smaller parts: %s)", async (inParts, said, unsaid) => {
    const step = new StepInFlight(engineThat(outOfMemory), batches, rates, inParts);
    const error = await step.end(0).catch((reason: unknown) => reason as GlobalPointerError);
    expect(error).toMatchObject({ code: "OUT_OF_MEMORY", message: expect.stringMatching(said) as string });
    expect((error as GlobalPointerError).message).not.toMatch(unsaid);
  });

  test("that fails when nobody waits for it any more is no unhandled rejection", async () => {
    const unhandled = jest.fn();
    process.on("unhandledRejection", unhandled);
    new StepInFlight(engineThat(outOfMemory), batches, rates);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
