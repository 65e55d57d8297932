import { aheadOfTime, stepsAhead } from "../../lib/training/step-in-flight.js";

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
