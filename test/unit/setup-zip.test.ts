import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { crc32ByTable, listZip, unzip } from "../../scripts/setup/zip.mjs";
import { writeZip } from "../fixtures/setup/zip-writer.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "gp-zip-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function archive(bytes: Buffer): string {
  const file = path.join(folder, "archive.zip");
  writeFileSync(file, bytes);
  return file;
}

function unpackAll(file: string): Promise<number> {
  return unzip(file, path.join(folder, "out"), () => true, () => undefined);
}

test("the checksum is the known one", () => {
  expect(crc32ByTable(Buffer.from("123456789"), 0)).toBe(0xcbf43926); // the check value in every CRC catalogue
  expect(crc32ByTable(Buffer.from("6789"), crc32ByTable(Buffer.from("12345"), 0))).toBe(0xcbf43926);
});

test("what was packed is unpacked, stored or deflated", async () => {
  const file = fc.record({
    bytes: fc.uint8Array({ maxLength: 5000 }),
    deflate: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(fc.array(file, { maxLength: 5 }), async (contents) => {
    const files = contents.map((content, index) => ({ ...content, name: `目录/${index}/file.bin` }));
    const packed = archive(writeZip(files));
    expect(listZip(packed)).toEqual(files.map(({ name }) => name));
    expect(await unpackAll(packed)).toBe(files.length);
    for (const { name, bytes } of files) {
      expect(readFileSync(path.join(folder, "out", name)).equals(bytes)).toBe(true);
    }
  }), { numRuns: 30 });
});

test("a large entry goes through the stream", async () => {
  const bytes = Buffer.alloc((8 << 20) + 12345, "globalpointer ");
  await unpackAll(archive(writeZip([{ name: "a", bytes, deflate: true }, { name: "b", bytes }])));
  expect(readFileSync(path.join(folder, "out", "a")).equals(bytes)).toBe(true);
  expect(readFileSync(path.join(folder, "out", "b")).equals(bytes)).toBe(true);
});

test("only what is wanted is written", async () => {
  const packed = archive(writeZip([{ name: "a", bytes: Buffer.from("1") }, { name: "b", bytes: Buffer.from("2") }]));
  expect(await unzip(packed, path.join(folder, "out"), (name) => name === "b", () => undefined)).toBe(1);
  expect(readFileSync(path.join(folder, "out", "b"), "utf8")).toBe("2");
});

test("an archive that was cut anywhere is refused", async () => {
  const whole = writeZip([{ name: "a", bytes: Buffer.alloc(300, 7), deflate: true }]);
  await fc.assert(fc.asyncProperty(fc.integer({ min: 0, max: whole.length - 1 }), async (length) => {
    await expect(unpackAll(archive(whole.subarray(0, length)))).rejects.toThrow(/archive\.zip is not a whole zip/);
  }), { numRuns: 50 });
});

test("a changed byte in an entry is noticed", async () => {
  for (const deflate of [false, true]) {
    const bytes = writeZip([{ name: "a", bytes: Buffer.from("some text, some text, some text"), deflate }]);
    bytes.writeUInt8(bytes.readUInt8(36) ^ 0x55, 36); // 30 bytes of header and a name of one byte come before
    await expect(unpackAll(archive(bytes))).rejects.toThrow(/entry "a" (does not fit its checksum|cannot be unpacked)/);
  }
});

test("an entry that points outside is refused", async () => {
  for (const name of ["../outside", "a/../../outside"]) {
    await expect(unpackAll(archive(writeZip([{ name, bytes: Buffer.from("x") }])))).rejects.toThrow(/points outside/);
  }
});
