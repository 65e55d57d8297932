import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { splitLines } from "../../lib/data/lines.js";
import { parseTextLines, readTextLines, type TextLine } from "../../lib/data/text-lines.js";

async function* chunks(content: Uint8Array, size = Infinity): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) {
    await Promise.resolve();
    yield content.subarray(at, Math.min(at + size, content.length));
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function parse(content: string | Uint8Array): Promise<TextLine[]> {
  return all(parseTextLines(splitLines(chunks(Buffer.from(content))), "input"));
}

describe("splitLines", () => {
  test("gives the same lines however the bytes come in", async () => {
    const parts = fc.constantFrom("a", "中", "😀", "\n", "\r\n", "\r", "\u2028", "\ufeff", "{");
    const content = fc.array(parts).map((list) => list.join(""));
    await fc.assert(fc.asyncProperty(content, fc.integer({ min: 1, max: 7 }), async (text, size) => {
      const lines = await all(splitLines(chunks(Buffer.from(text), size)));
      const expected = text.replace(/^\ufeff/, "").split("\n").map((line) => line.replace(/\r$/, ""));
      if (text === "" || text.endsWith("\n")) expected.pop();
      // A byte order mark alone is a line of bytes, an empty one.
      if (text === "\ufeff") expect(lines).toEqual([{ number: 1, text: "" }]);
      else expect(lines).toEqual(expected.map((line, index) => ({ number: index + 1, text: line })));
    }));
  });

  test("marks lines that are not UTF-8", async () => {
    const content = Buffer.concat([Buffer.from("a\n"), Buffer.from([0xff, 0x0a]), Buffer.from("b")]);
    expect(await all(splitLines(chunks(content)))).toEqual([
      { number: 1, text: "a" },
      { number: 2, text: undefined, problem: "is not UTF-8; save the file as UTF-8" },
      { number: 3, text: "b" },
    ]);
  });
});

describe("texts to predict on", () => {
  test("JSON lines, with or without id", async () => {
    const lines = [
      "", "{\"id\": 0, \"text\": \"一\"}", "", "{\"text\": \"\", \"other\": 1}", "{\"id\": \"x\", \"text\": \"{\"}",
    ];
    expect(await parse(lines.join("\n"))).toEqual([
      { id: 0, text: "一", line: 2 }, { text: "", line: 4 }, { id: "x", text: "{", line: 5 },
    ]);
  });

  test("plain lines, whatever later ones look like", async () => {
    expect(await parse("\ufeff 你好 \r\n{\"text\": \"a\"}\n\n3\n{x}")).toEqual([
      { text: " 你好 ", line: 1 }, { text: "{\"text\": \"a\"}", line: 2 }, { text: "3", line: 4 },
      { text: "{x}", line: 5 },
    ]);
    expect(await parse("{花括号}开头")).toEqual([{ text: "{花括号}开头", line: 1 }]);
  });

  test("nothing gives nothing", async () => {
    expect(await parse("")).toEqual([]);
    expect(await parse("\n  \n")).toEqual([]);
  });

  test.each<[string, string | Uint8Array, RegExp]>([
    ["cut off JSON in the first line", "{\"text\": \"a", /^input:1: is not JSON/],
    ["a plain line among JSON lines", "{\"text\": \"a\"}\n你好", /^input:2: is not JSON/],
    ["a list among JSON lines", "{\"text\": \"a\"}\n[]", /^input:2: is not a JSON object/],
    ["no text", "{\"txt\": \"a\"}", /^input:1: has no "text"/],
    ["text as number", "{\"text\": \"a\"}\n\n{\"text\": 1}", /^input:3: has no "text" that is a string/],
    ["an odd id", "{\"text\": \"a\", \"id\": {}}", /^input:1: "id" is neither/],
    ["an id that was rounded", "{\"text\": \"a\", \"id\": 9007199254740993}", /^input:1: "id" is beyond what a number holds exactly; write it as a string/],
    ["an id that is infinite", "{\"text\": \"a\", \"id\": 1e400}", /^input:1: "id" is beyond what a number holds exactly/],
    ["bytes that are not UTF-8", Uint8Array.of(0x61, 0x0a, 0xff), /^input:2: is not UTF-8/],
  ])("%s", async (_, content, message) => {
    await expect(parse(content)).rejects.toThrow(message);
    await expect(parse(content)).rejects.toMatchObject({ code: "DATA" });
  });

  test("come one by one, before the input ends", async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let i = 0; ; i++) {
        await Promise.resolve();
        yield Buffer.from(`line ${i}\n`);
      }
    }
    const texts = parseTextLines(splitLines(endless()), "input");
    expect((await texts.next()).value).toEqual({ text: "line 0", line: 1 });
    expect((await texts.next()).value).toEqual({ text: "line 1", line: 2 });
    await texts.return(undefined);
  });

  test("from a file, named in errors", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gp-texts-"));
    try {
      writeFileSync(join(folder, "a.txt"), "一\n二\n");
      expect(await all(readTextLines(join(folder, "a.txt")))).toEqual([{ text: "一", line: 1 }, { text: "二", line: 2 }]);
      await expect(all(readTextLines(join(folder, "b.txt")))).rejects.toThrow(/b\.txt: there is no such file/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
