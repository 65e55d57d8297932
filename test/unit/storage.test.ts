import {
  chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { discardAbandoned, discardUnfinished } from "../../lib/storage/aside.js";
import {
  makeDirectory, refuseExisting, restoreInterrupted, wholeDirectory, writeWholeDirectory,
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
    await writeWholeDirectory(at("empty"), fill("text"));
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
    restoreInterrupted(at("d"));
    expect(readFileSync(at("d", "file"), "utf8")).toBe("old");
    renameSync(at("d"), at("d.previous"));
    await writeWholeDirectory(at("d"), fill("new"), { replace: true });
    expect(readFileSync(at("d", "file"), "utf8")).toBe("new");
    expect(readdirSync(folder.path)).toEqual(["d"]);
  });

  test("a place that takes no directories is an error and not an endless loop", () => {
    expect(() => makeDirectory("/proc/none/at/all")).toThrow(/ENOENT/);
    writeFileSync(at("plain"), "");
    expect(() => makeDirectory(at("plain", "below"))).toThrow(/ENOTDIR/);
  });
});

test("clears away what killed processes left, and leaves alone what living ones are writing", () => {
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  const names = [`last.partial-${gone}`, `last.partial-${process.pid}`, "last", "notes.partial-x"];
  for (const name of names) mkdirSync(at(name));
  discardAbandoned(folder.path);
  expect(readdirSync(folder.path).sort()).toEqual(["last", `last.partial-${process.pid}`, "notes.partial-x"]);
});
