import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { Schedule } from "../../lib/config/schema.js";
import { learningRateFactor, spansTraining, warmupStepCount } from "../../lib/training/schedule.js";

function curve(schedule: Schedule, steps: number, totalSteps = steps, stepsPerEpoch = 1): number[] {
  return Array.from({ length: steps }, (_, step) => learningRateFactor(schedule, step, totalSteps, stepsPerEpoch));
}

function expectCurve(found: number[], expected: number[]): void {
  expect(found).toHaveLength(expected.length);
  found.forEach((value, step) => { expect(value).toBeCloseTo(expected[step] ?? NaN, 10); });
}

describe("equal to PyTorch 2.13 and transformers, whose rates are written here", () => {
  test("linear with warm-up: get_linear_schedule_with_warmup(3, 10)", () => {
    expectCurve(curve({ type: "linear", warmupSteps: 3 }, 10), [
      0, 0.333333333333, 0.666666666667, 1, 0.857142857143, 0.714285714286, 0.571428571429, 0.428571428571,
      0.285714285714, 0.142857142857,
    ]);
  });

  test("cosine: CosineAnnealingLR(8, eta_min=0.1)", () => {
    expectCurve(curve({ type: "cosine", minRatio: 0.1 }, 8), [
      1, 0.96574578963, 0.868198051534, 0.722207544564, 0.55, 0.377792455436, 0.231801948466, 0.13425421037,
    ]);
  });

  test("restarts of equal length: CosineAnnealingWarmRestarts(4)", () => {
    const schedule: Schedule = { type: "cosine-warm-restarts", periodEpochs: 2, periodMultiplier: 1, minRatio: 0 };
    expectCurve(curve(schedule, 10, 100, 2), [
      1, 0.853553390593, 0.5, 0.146446609407, 1, 0.853553390593, 0.5, 0.146446609407, 1, 0.853553390593,
    ]);
  });

  test("restarts that grow: CosineAnnealingWarmRestarts(3, 2, eta_min=0.25)", () => {
    const schedule: Schedule = { type: "cosine-warm-restarts", periodEpochs: 1, periodMultiplier: 2, minRatio: 0.25 };
    expectCurve(curve(schedule, 12, 100, 3), [
      1, 0.8125, 0.4375, 1, 0.949759526419, 0.8125, 0.625, 0.4375, 0.300240473581, 1, 0.987222184858, 0.949759526419,
    ]);
  });

  test("step: StepLR(3, 0.5)", () => {
    expectCurve(curve({ type: "step", everySteps: 3, decay: 0.5 }, 8), [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25]);
  });
});

/** What test/parity/write_schedule.py wrote. */
interface EpochwiseRestarts {
  periodEpochs: number;
  periodMultiplier: number;
  minRatio: number;
  stepsPerEpoch: number;
  /** One an optimizer step. */
  factors: number[];
}

test.each(
  JSON.parse(readFileSync("test/fixtures/schedule/epochwise-restarts.json", "utf8")) as EpochwiseRestarts[],
)("compat \"seed\": CosineAnnealingWarmRestarts made anew each epoch, $periodEpochs epochs x $periodMultiplier",
  ({ stepsPerEpoch, factors, ...keys }) => {
    const schedule: Schedule = { type: "cosine-warm-restarts", compat: "seed", ...keys };
    expect(factors.length).toBeGreaterThan(stepsPerEpoch);
    expectCurve(curve(schedule, factors.length, factors.length, stepsPerEpoch), factors);
  });

test("compat \"seed\" with a period of two epochs falls from the full rate to just above half, each epoch", () => {
  const schedule: Schedule = {
    type: "cosine-warm-restarts", periodEpochs: 2, periodMultiplier: 1, minRatio: 0, compat: "seed",
  };
  const [rate, steps] = [2e-5, 168]; // CLUENER in batches of 64
  const rates = curve(schedule, 3 * steps, 50 * steps, steps).map((factor) => rate * factor);
  for (const epoch of [0, 1, 2]) {
    expect(rates[epoch * steps]).toBe(2e-5);
    const last = rates[(epoch + 1) * steps - 1] ?? NaN;
    expect(last).toBeGreaterThan(1e-5);
    expect(last).toBeLessThan(1.02e-5);
  }
});

test("tells the schedules that the number of epochs shapes", () => {
  const restarts: Schedule = { type: "cosine-warm-restarts", periodEpochs: 2, periodMultiplier: 1, minRatio: 0 };
  const step: Schedule = { type: "step", everySteps: 2, decay: 0.5 };
  for (const schedule of [{ type: "constant" } as const, restarts, step]) {
    expect(spansTraining({ ...schedule, warmupSteps: 3 })).toBe(false);
    expect(spansTraining({ ...schedule, warmupRatio: 0.1 })).toBe(true);
    for (const at of [5, 50]) {
      expect(learningRateFactor(schedule, at, 100, 10)).toBe(learningRateFactor(schedule, at, 1000, 10));
    }
  }
  expect(spansTraining({ type: "linear" })).toBe(true);
  expect(spansTraining({ type: "cosine", minRatio: 0 })).toBe(true);
});

test("constant is 1 throughout", () => {
  expect(curve({ type: "constant" }, 5)).toEqual([1, 1, 1, 1, 1]);
});

describe("warm-up", () => {
  test("a ratio is a share of all steps", () => {
    expect(warmupStepCount({ type: "constant", warmupRatio: 0.1 }, 1344)).toBe(134);
    expect(warmupStepCount({ type: "constant", warmupRatio: 0.1 }, 1)).toBe(0);
    expect(warmupStepCount({ type: "constant" }, 100)).toBe(0);
  });

  test("comes before the clock of the schedule starts", () => {
    const step: Schedule = { type: "step", everySteps: 2, decay: 0.1, warmupSteps: 4 };
    expectCurve(curve(step, 8), [0, 0.25, 0.5, 0.75, 1, 1, 0.1, 0.1]);
    const restarts: Schedule = {
      type: "cosine-warm-restarts", periodEpochs: 1, periodMultiplier: 1, minRatio: 0, warmupSteps: 1,
    };
    expectCurve(curve(restarts, 5, 5, 2), [0, 1, 0.5, 1, 0.5]);
  });

  test("may be as long as training or longer", () => {
    expectCurve(curve({ type: "linear", warmupSteps: 4 }, 4), [0, 0.25, 0.5, 0.75]);
    expectCurve(curve({ type: "linear", warmupSteps: 8 }, 2), [0, 0.125]);
    expectCurve(curve({ type: "cosine", minRatio: 0, warmupRatio: 1 }, 2), [0, 0.5]);
  });
});

test("a period shorter than a step is one step", () => {
  const schedule: Schedule = { type: "cosine-warm-restarts", periodEpochs: 0.01, periodMultiplier: 1, minRatio: 0 };
  expect(curve(schedule, 4)).toEqual([1, 1, 1, 1]);
});

test("every factor of every schedule is a number from its floor to 1", () => {
  const share = (min: number) => fc.double({ min, max: 1, noNaN: true });
  const count = fc.integer({ min: 1, max: 60 });
  const warmup = fc.oneof(
    fc.constant({}), fc.record({ warmupSteps: fc.nat(50) }), fc.record({ warmupRatio: share(0) }),
  );
  const minRatio = share(0);
  const schedules = fc.oneof(
    fc.record({ type: fc.constantFrom("constant" as const, "linear" as const) }),
    fc.record({ type: fc.constant("cosine" as const), minRatio }),
    fc.record({
      type: fc.constant("cosine-warm-restarts" as const), minRatio, periodMultiplier: fc.integer({ min: 1, max: 4 }),
      periodEpochs: fc.double({ min: 0.01, max: 20, noNaN: true }),
    }),
    fc.record({
      type: fc.constant("cosine-warm-restarts" as const), minRatio, periodMultiplier: fc.constant(1),
      periodEpochs: fc.double({ min: 0.01, max: 20, noNaN: true }), compat: fc.constant("seed" as const),
    }),
    fc.record({ type: fc.constant("step" as const), everySteps: count, decay: share(0.1) }),
  );
  fc.assert(fc.property(schedules, warmup, count, count, (schedule, warm, total, perEpoch) => {
    const whole: Schedule = { ...schedule, ...warm };
    const start = warmupStepCount(whole, total);
    curve(whole, total + 3, total, perEpoch).forEach((factor, step) => {
      const floor = step >= start && "minRatio" in schedule ? schedule.minRatio : 0;
      expect(factor).toBeGreaterThanOrEqual(floor - 1e-12);
      expect(factor).toBeLessThanOrEqual(1 + 1e-12);
    });
  }));
});
