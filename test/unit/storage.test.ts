import {
  appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync,
  symlinkSync, utimesSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { discardAbandoned, discardAside, discardUnfinished, openAside } from "../../lib/storage/aside.js";
import { LockHeldError, refuseHeld, takeLock } from "../../lib/storage/lock.js";
import { sameBytes } from "../../lib/storage/same-bytes.js";
import {
  makeDirectory, refuseExisting, settleInterrupted, wholeDirectory, writeWholeDirectory,
} from "../../lib/storage/whole-directory.js";
import { WholeFile, writeWholeFile } from "../../lib/storage/whole-file.js";
import { temporaryFolder } from "../support/commands.js";

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

beforeEach(() => { folder = temporaryFolder(); });
afterEach(() => { folder.remove(); });

const fill = (text: string) => (directory: string): void => { writeFileSync(join(directory, "file"), text); };

describe("WholeFile", () => {
  test("appears with commit, under no name before, and keeps what was there when abandoned", () => {
    writeFileSync(at("out"), "old");
    const file = new WholeFile(at("out"));
    file.write("new");
    expect(readFileSync(at("out"), "utf8")).toBe("old");
    file.abandon();
    expect(readdirSync(folder.path)).toEqual(["out"]);
    expect(readFileSync(at("out"), "utf8")).toBe("old");
    writeWholeFile(at("out"), "new");
    expect(readFileSync(at("out"), "utf8")).toBe("new");
    expect(readdirSync(folder.path)).toEqual(["out"]);
  });

  test("writes through a link, keeps the mode of a file, and never replaces a device or a pipe", () => {
    writeFileSync(at("target"), "old");
    chmodSync(at("target"), 0o600);
    symlinkSync("target", at("link"));
    writeWholeFile(at("link"), "new");
    expect(readFileSync(at("target"), "utf8")).toBe("new");
    expect(statSync(at("target")).mode & 0o777).toBe(0o600);
    symlinkSync("/dev/null", at("null"));
    writeWholeFile(at("null"), "gone");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
    expect(readdirSync(folder.path).sort()).toEqual(["link", "null", "target"]);
  });

  test("a full disk is told in one sentence", () => {
    const file = new WholeFile("/dev/full");
    expect(() => { file.write("text"); }).toThrow(/Cannot write \/dev\/full: the disk is full; make room and try again/);
  });

  test("an interrupted process leaves nothing when it clears up", () => {
    const file = new WholeFile(at("out"));
    file.write("half");
    discardUnfinished();
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe("writeWholeDirectory", () => {
  test("a directory appears whole, in folders made for it, and a trailing slash is no matter", async () => {
    await writeWholeDirectory(`${at("a", "b")}/`, (directory) => {
      expect(existsSync(at("a", "b"))).toBe(false);
      fill("text")(directory);
    });
    expect(readFileSync(at("a", "b", "file"), "utf8")).toBe("text");
    expect(readdirSync(at("a"))).toEqual(["b"]);
  });

  test("what fails leaves no trace and the old directory, and its message names the real place", async () => {
    await writeWholeDirectory(at("d"), fill("old"));
    const failing = writeWholeDirectory(at("d"), (directory) => {
      fill("new")(directory);
      writeFileSync(join(directory, "missing", "file"), "");
    }, { replace: true });
    await expect(failing).rejects.toThrow(`Cannot write ${at("d")}: there is no folder`);
    expect(readFileSync(at("d", "file"), "utf8")).toBe("old");
    expect(readdirSync(folder.path)).toEqual(["d"]);
    await writeWholeDirectory(at("d"), fill("new"), { replace: true });
    expect(readFileSync(at("d", "file"), "utf8")).toBe("new");
    expect(readdirSync(folder.path)).toEqual(["d"]);
  });

  test("refuses a directory with something in it, takes an empty one, and touches neither to find out", async () => {
    mkdirSync(at("empty"));
    refuseExisting(at("empty"));
    expect(existsSync(at("empty"))).toBe(true);
    symlinkSync("empty", at("link"));
    await writeWholeDirectory(at("link"), fill("text"));
    await expect(writeWholeDirectory(at("empty"), fill("other"))).rejects.toThrow(/exists already and is not empty/);
    expect(readFileSync(at("empty", "file"), "utf8")).toBe("text");
    writeFileSync(at("plain"), "");
    expect(() => { refuseExisting(at("plain")); }).toThrow(/is a file, not a folder/);
  });

  test("an interruption between the two renames is mended, and read across meanwhile", async () => {
    await writeWholeDirectory(at("d"), fill("old"));
    renameSync(at("d"), at("d.previous"));
    expect(readFileSync(join(wholeDirectory(at("d")), "file"), "utf8")).toBe("old");
    expect(existsSync(at("d"))).toBe(false); // a reader changes nothing
    settleInterrupted(at("d"));
    expect(readFileSync(at("d", "file"), "utf8")).toBe("old");
    renameSync(at("d"), at("d.previous"));
    await writeWholeDirectory(at("d"), fill("new"), { replace: true });
    expect(readFileSync(at("d", "file"), "utf8")).toBe("new");
    expect(readdirSync(folder.path)).toEqual(["d"]);
  });

  test("an interruption after them leaves a part of the old directory, which goes", async () => {
    await writeWholeDirectory(at("d"), fill("new"));
    mkdirSync(at("d.previous"));
    fill("a part of the old")(at("d.previous"));
    settleInterrupted(at("d"));
    expect(readdirSync(folder.path)).toEqual(["d"]);
    expect(readFileSync(at("d", "file"), "utf8")).toBe("new");
  });

  test("without a replacement, what lies beside under another name is not touched", async () => {
    mkdirSync(at("d.previous"));
    fill("somebody's own")(at("d.previous"));
    await writeWholeDirectory(at("d"), fill("new"));
    expect(readFileSync(at("d.previous", "file"), "utf8")).toBe("somebody's own");
    const late = writeWholeDirectory(at("e"), (directory) => {
      fill("new")(directory);
      mkdirSync(at("e"));
      fill("quicker")(at("e"));
    });
    await expect(late).rejects.toThrow(/Cannot write .*: something has been put there meanwhile/);
    expect(readFileSync(at("e", "file"), "utf8")).toBe("quicker");
    expect(readdirSync(folder.path).sort()).toEqual(["d", "d.previous", "e"]);
  });

  test("a place that takes no directories is an error and not an endless loop", () => {
    expect(() => makeDirectory("/proc/none/at/all")).toThrow(/ENOENT/);
    writeFileSync(at("plain"), "");
    expect(() => makeDirectory(at("plain", "below"))).toThrow(/ENOTDIR/);
  });
});

describe("a lock", () => {
  const start = (): string => readFileSync("/proc/self/stat", "utf8").replace(/^.*\) /, "").split(" ")[19] ?? "";
  const held = (path: string): boolean => {
    try {
      takeLock(path)();
      return false;
    } catch (error) {
      expect(error).toBeInstanceOf(LockHeldError);
      return true;
    }
  };

  test("is had by one at a time, and gone when given back", () => {
    const release = takeLock(at("lock"));
    expect(() => takeLock(at("lock"))).toThrow(`held by process ${process.pid}`);
    expect(() => { refuseHeld(at("lock")); }).toThrow(LockHeldError);
    release();
    refuseHeld(at("lock"));
    expect(readdirSync(folder.path)).toEqual([]);
    takeLock(at("lock"))();
  });

  test("goes with a process that exits without giving it back", () => {
    const before = process.listeners("exit");
    takeLock(at("lock"));
    const added = process.listeners("exit").filter((listener) => !before.includes(listener));
    expect(added).toHaveLength(1);
    added[0]?.(0);
    expect(readdirSync(folder.path)).toEqual([]);
    expect(process.listeners("exit")).toEqual(before);
  });

  test("of a dead process, or one whose number another has got, is taken over; that of a living one is not", () => {
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    const linux = process.platform === "linux";
    for (const [text, expected] of [
      [`${gone} 1\n`, false], [`${gone}\n`, false], [`${process.pid}\n`, true],
      ...(linux ? [[`${process.pid} 1\n`, false], [`${process.pid} ${start()}\n`, true]] as const : []),
      ["", true], ["of somebody else", true],
    ] as const) {
      writeFileSync(at("lock"), text);
      expect({ text, held: held(at("lock")) }).toEqual({ text, held: expected });
      if (expected) rmSync(at("lock"));
      expect(readdirSync(folder.path)).toEqual([]);
    }
    writeFileSync(at("lock"), "");
    utimesSync(at("lock"), 1, 1); // killed before it had written its number
    expect(held(at("lock"))).toBe(false);
  });

  test("a take-over that was itself cut short does not stand in the way; one at work does", () => {
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(at("lock"), `${gone}\n`);
    writeFileSync(at("lock.taking"), `${process.pid}\n`);
    expect(held(at("lock"))).toBe(true);
    writeFileSync(at("lock.taking"), `${gone}\n`);
    expect(held(at("lock"))).toBe(false);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

test("tells files that hold the same from others", () => {
  const bytes = Buffer.alloc(3_000_000, "0123456789");
  for (const name of ["one", "same", "changed", "longer"]) writeFileSync(at(name), bytes);
  bytes[2_999_999] = 0;
  writeFileSync(at("changed"), bytes);
  appendFileSync(at("longer"), "0");
  expect(["same", "changed", "longer", "none"].map((name) => sameBytes(at("one"), at(name))))
    .toEqual([true, false, false, false]);
});

test("clears away what killed processes left, and leaves alone what living ones are writing", () => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  const aside = openAside(at("last"));
  const names = [`last.partial-${gone}`, `last.partial-${process.ppid}`, "last", "notes.partial-x"];
  for (const name of [...names.map((one) => at(one)), aside]) mkdirSync(name);
  discardAbandoned(folder.path);
  expect(readdirSync(folder.path).sort()).toEqual(
    ["last", `last.partial-${process.pid}`, `last.partial-${process.ppid}`, "notes.partial-x"].sort(),
  );
  discardAside(aside);
});

test("what an earlier process of our own number left is as abandoned as any other's", () => {
  mkdirSync(at(`last.partial-${process.pid}`));
  discardAbandoned(folder.path);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("writing clears away what killed processes had written aside for the same place, and nothing else", async () => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  const others = [`other.partial-${gone}`, `out.partial-${process.ppid}`];
  for (const name of [`out.partial-${gone}`, `d.partial-${gone}`, ...others]) writeFileSync(at(name), "half");
  writeWholeFile(at("out"), "new");
  await writeWholeDirectory(at("d"), fill("text"));
  expect(readdirSync(folder.path).sort()).toEqual(["d", "out", ...others].sort());
});
