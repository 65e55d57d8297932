import { appendFileSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { crc32c } from "../../lib/tracking/crc32c.js";
import { scalarsRecord } from "../../lib/tracking/event-records.js";
import { TensorBoardTracker } from "../../lib/tracking/tensorboard.js";
import { temporaryFolder } from "../support/commands.js";
import { decodeEvents, shownSeries, slowCrc32c } from "../support/event-file.js";
import { epochRecord, stepRecord, trackedRun } from "../support/tracked.js";

describe("CRC-32C", () => {
  test.each([
    ["the digits", Buffer.from("123456789"), 0xe3069283],
    ["nothing", Buffer.alloc(0), 0],
    ["32 zeros", Buffer.alloc(32), 0x8a9136aa], // RFC 3720, B.4, as are the next two
    ["32 ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
    ["0 to 31", Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
  ])("of %s", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });

  test("of any bytes is that computed bit by bit", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(crc32c(bytes)).toBe(slowCrc32c(bytes));
    }));
  });
});

test("any scalars are read back as float32, at any step", () => {
  const names = fc.string({ unit: "grapheme", maxLength: 200 }).filter((name) => name !== "__proto__");
  const scalars = fc.dictionary(names, fc.float({ noNaN: true }), { noNullPrototype: true });
  fc.assert(fc.property(fc.double({ noNaN: true }), fc.maxSafeNat(), scalars, (time, step, written) => {
    expect(decodeEvents(scalarsRecord(time, step, written))).toEqual([{ time, step, scalars: written }]);
  }));
});

test("a byte that was changed is noticed by the reader of these tests", () => {
  const bytes = scalarsRecord(1, 2, { loss: 3 });
  for (let place = 0; place < bytes.length; place++) {
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8(damaged.readUInt8(place) ^ 1, place);
    expect(() => decodeEvents(damaged)).toThrow();
  }
});

describe("the TensorBoard tracker", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => { folder = temporaryFolder(); });
  afterEach(() => { folder.remove(); });

  test("writes a version, a start and every number of steps and epochs", () => {
    const tracker = new TensorBoardTracker(folder.path);
    tracker.begin(trackedRun(folder.path));
    tracker.step(stepRecord(1));
    tracker.epoch(epochRecord(1, 1));
    const [name = "", ...others] = readdirSync(join(folder.path, "tensorboard"));
    expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\./);
    expect(others).toEqual([]);
    const events = decodeEvents(readFileSync(join(folder.path, "tensorboard", name)));
    expect(events.map(({ step, version, status }) => [step, version, status])).toEqual(
      [[0, "brain.Event:2", undefined], [1, undefined, 1], [1, undefined, undefined], [1, undefined, undefined]],
    );
    for (const { time } of events) expect(Math.abs(time - Date.now() / 1000)).toBeLessThan(3600);
    const f = Math.fround;
    expect(events[2]?.scalars).toEqual({
      "train/loss": 1, "train/gradientNorm": f(0.3), "train/learningRate": f(1e-5), "train/headLearningRate": f(1e-3),
      "train/tokensPerSecond": 1234.5, "train/epoch": 1, "memory/resident": 3e8, "memory/peak": f(5e9),
    });
    expect(events[3]?.scalars).toEqual({
      "epoch/number": 1, "epoch/loss": 1, "epoch/learningRate": f(1e-5), "epoch/seconds": 12.5,
      "epoch/tokensPerSecond": 1000, "dev/precision": 0.25, "dev/recall": 0.5, "dev/f1": f(1 / 3),
      "types/人物/precision": 0.25, "types/人物/recall": 0.5, "types/人物/f1": f(1 / 3),
      "types/a/b/precision": 0.25, "types/a/b/recall": 0.5, "types/a/b/f1": 0,
    });
  });

  test("goes on in a new file, whose start discards the steps that are run again", () => {
    for (const [from, to] of [[0, 7], [4, 9], [9, 12]] as const) {
      const tracker = new TensorBoardTracker(folder.path);
      tracker.begin(trackedRun(folder.path, { step: from }));
      for (let step = from + 1; step <= to; step++) tracker.step(stepRecord(step));
    }
    expect(readdirSync(join(folder.path, "tensorboard"))).toHaveLength(3);
    const expected = Array.from({ length: 12 }, (_, index) => [index + 1, Math.fround(1 / (index + 1))]);
    expect(shownSeries(join(folder.path, "tensorboard"))["train/loss"]).toEqual(expected);
  });

  test("a file that is later than the clock does not hide the new one", () => {
    const place = join(folder.path, "tensorboard");
    mkdirSync(place);
    writeFileSync(join(place, "events.out.tfevents.9000000000.globalpointer"), "");
    appendFileSync(join(place, "notes.txt"), "not an event file");
    new TensorBoardTracker(folder.path).begin(trackedRun(folder.path));
    expect(readdirSync(place).sort()[1]).toBe("events.out.tfevents.9000000001.globalpointer");
  });
});
