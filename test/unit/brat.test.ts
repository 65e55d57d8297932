import {
  existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import type { FileRecord } from "../../lib/data/formats/record.js";
import type { Sample } from "../../lib/data/sample.js";
import { GlobalPointerError } from "../../lib/errors.js";
import { corpora, inOrder, records, write } from "../support/annotated-samples.js";

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gp-brat-"));
  folder = join(root, "corpus");
  mkdirSync(folder);
});
afterEach(() => { rmSync(root, { recursive: true }); });

function put(files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}

/** The one document made of these files, read under its format's name. */
async function read(txt: string | Uint8Array, ...lines: string[]): Promise<FileRecord> {
  put({ "a.txt": txt, "a.ann": lines.map((line) => `${line}\n`).join("") });
  const [found] = await records(folder, "brat");
  return found ?? { place: "none" };
}

const text = "😀王小明在\n北京。";

describe("reading", () => {
  test("each text with its annotations, by name, in code points", async () => {
    put({
      "b.txt": text, "b.ann": "T1\tPER 1 4\t王小明\nT2\tLOC 6 8\t北京\n",
      "10.txt": "x", "10.ann": "", "9.txt": "y", "07.txt": "z", "annotation.conf": "[entities]\n", "notes.md": "",
    });
    const at = (name: string): string => join(folder, name);
    expect(await records(folder, "brat")).toEqual([
      { place: at("07.txt"), sample: { id: "07", text: "z", entities: [], labelled: false } },
      { place: at("10.txt"), sample: { id: 10, text: "x", entities: [], labelled: true } },
      { place: at("9.txt"), sample: { id: 9, text: "y", entities: [], labelled: false } },
      {
        place: at("b.txt"), sample: {
          id: "b", text, labelled: true,
          entities: [{ start: 2, end: 5, type: "PER" }, { start: 7, end: 9, type: "LOC" }],
        },
      },
    ]);
    expect(await records(folder, "auto")).toEqual(await records(folder, "brat"));
  });

  test("other lines are left aside", async () => {
    const { sample, notices } = await read(
      text, "R1\tin Arg1:T1 Arg2:T2", "E1\tMove:T1", "A1\tSure T1", "M1\tSure T1", "N1\tReference T1 W:1\tx",
      "#1\tAnnotatorNotes T1\tsee", "*\tEquiv T1 T2", "", "T1\tPER 1 4\t王小明",
    );
    expect(sample?.entities).toHaveLength(1);
    expect(notices).toBeUndefined();
  });

  test("a mention is on one line, may be missing, and may have more behind a tab", async () => {
    for (const line of ["T1\tX 4 7\t在 北", "T1\tX 4 7", "T1\tX 4 7\t", "T1\tX 4 7\t在 北\tnote"]) {
      expect((await read(text, line)).sample?.entities).toEqual([{ start: 5, end: 8, type: "X" }]);
    }
    expect((await read(text, "T1\tX 4 7\t在北")).problem)
      .toMatch(/^the span \[4, 7\] of X "在北" covers "在\\n北"; mend it/);
  });

  test("a carriage return is a character of the text", async () => {
    const { sample } = await read("a\r\nb", "T1\tX 3 4\tb", "T2\tX 0 4\ta  b");
    expect(sample).toMatchObject({ text: "a\r\nb", entities: [{ start: 3, end: 4 }, { start: 0, end: 4 }] });
  });

  test("pieces around a line break are one entity, as brat writes it", async () => {
    for (const mention of ["在 北京", "在北京"]) { // the latter before brat 1.3
      const { sample, notices } = await read(text, `T1\tX 4 5;6 8\t${mention}`);
      expect(sample?.entities).toEqual([{ start: 5, end: 9, type: "X" }]);
      expect(notices).toBeUndefined();
    }
    const indented = await read("Foo\n   Bar", "T1\tX 0 3;7 10\tFoo Bar");
    expect(indented.sample?.entities).toEqual([{ start: 0, end: 10, type: "X" }]);
    expect((await read(text, "T1\tX 4 5;6 8\t在 北")).problem)
      .toBe("the pieces 4 5;6 8 of X \"在 北\" cover \"在 北京\"; mend them");
  });

  test("pieces with text between them are no span: they are left out, and told", async () => {
    const one = await read(text, "T1\tPER 1 4\t王小明", "T2\tX 1 2;3 4\t王 明");
    expect(one.sample?.entities).toEqual([{ start: 2, end: 5, type: "PER" }]);
    expect(one.notices).toEqual([
      `1 entity of several pieces is left out, which no span can be (${join(folder, "a.ann")}:2)`,
    ]);
    const blanks = await read("a b c", "T1\tX 0 1;2 3\ta b", "T2\tX 0 1;4 5\ta c");
    expect(blanks.sample?.entities).toEqual([]);
    expect(blanks.notices?.[0]).toMatch(/^2 entities of several pieces are left out, .*a\.ann:1\)$/);
  });

  test("positions behind a byte order mark count it or not, as the mentions tell", async () => {
    for (const line of ["T1\tX 0 1\ta", "T1\tX 1 2\ta"]) {
      expect((await read("\ufeffab", line)).sample).toMatchObject({ text: "ab", entities: [{ start: 0, end: 1 }] });
    }
    expect((await read("\ufeffab", "T1\tX 0 1\tb")).problem).toMatch(/^the span \[0, 1\] of X "b" covers "a"/);
  });

  test("subfolders and hidden files are not looked at, links are", async () => {
    mkdirSync(join(folder, "more.txt"));
    writeFileSync(join(root, "elsewhere"), "x");
    symlinkSync(join(root, "elsewhere"), join(folder, "c.txt"));
    put({ "._a.txt": "\u0000", ".txt": "x", "a.txt": "y" });
    expect((await records(folder, "brat")).map(({ sample }) => sample?.id)).toEqual(["a", "c"]);
  });
});

describe("faults", () => {
  test.each<[string, string, RegExp]>([
    ["no tab", "T1 PER 1 4", /^is no entity: "T1 PER 1 4"; write T1, a tab, TYPE START END/],
    ["no numbers", "T1\tPER\t王", /^is no entity: /],
    ["a sign", "T1\tPER -1 4", /^is no entity: /],
    ["another kind of line", "X1\tPER 1 4", /^is no entity: /],
    ["an empty span", "T1\tPER 1 1\t", /^the span \[1, 1\] of PER is empty; /],
    ["inverted", "T1\tPER 4 1\t", /ends before it starts/],
    ["outside the text", "T1\tPER 1 99\tx", /is outside the text of 9 characters/],
    ["far outside", `T1\tPER 1 ${"9".repeat(400)}\tx`, /is not a pair of whole numbers/],
    ["another mention", "T1\tPER 1 3\t王明", /^the span \[1, 3\] of PER "王明" covers "王小"; mend it/],
    ["overlapping pieces", "T1\tPER 1 3;2 4\tx", /^the pieces 1 3;2 4 of PER overlap; mend them$/],
    ["a piece outside", "T1\tPER 1 3;8 99\tx", /outside the text/],
  ])("%s is told with its line", async (_, line, message) => {
    const { place, sample, problem } = await read(text, "", line);
    expect(sample).toBeUndefined();
    expect(place).toBe(`${join(folder, "a.ann")}:2`);
    expect(problem).toMatch(message);
  });

  test("texts that cannot be read do not keep from reading the next", async () => {
    put({
      "a.txt": "", "b.ann": "", "c.txt": new Uint8Array([0xc4, 0xe3, 0xba, 0xc3]), "d.txt": "x",
      "d.ann": new Uint8Array([0x0a, 0xff]), "e.txt": "x", "f.txt": "\ufeff", "g.txt": "",
    });
    truncateSync(join(folder, "g.txt"), (64 << 20) + 1);
    const found = await records(folder, "brat");
    expect(found.map(({ place, problem }) => `${place.slice(folder.length + 1)}: ${problem ?? "fine"}`)).toEqual([
      "a.txt: is empty; remove the file or give its text",
      "b.ann: there is no b.txt beside it; add the text or remove the file",
      "c.txt: is not UTF-8 but seems to be GBK; save the file as UTF-8 (iconv -f GB18030 -t UTF-8)",
      "d.ann:2: is not UTF-8; save the file as UTF-8",
      "e.txt: fine",
      "f.txt: is empty; remove the file or give its text",
      "g.txt: is longer than 64 MiB; split the text",
    ]);
  });

  test("a file in place of the folder, an empty folder, none", async () => {
    put({ "a.txt": "x", "a.ann": "" });
    for (const [name, format] of [["a.txt", "brat"], ["a.ann", "brat"], ["a.ann", "auto"]] as const) {
      await expect(records(join(folder, name), format)).rejects.toThrow(
        /: is a file, but brat's are a folder of texts and annotations; give the folder$/,
      );
    }
    const empty = join(root, "empty");
    mkdirSync(empty);
    await expect(records(empty, "brat")).rejects.toThrow(/empty: holds no \.txt and no \.ann file; give the folder/);
    await expect(records(empty, "auto")).rejects.toThrow(/empty: is a folder without \.txt and \.ann files/);
    await expect(records(join(root, "none"), "brat")).rejects.toBeInstanceOf(GlobalPointerError);
    await expect(records(join(root, "none"), "brat")).rejects.toThrow(/there is no such file; check the path/);
  });

  test("whatever an .ann file holds, it is read or a fault", async () => {
    const part = fc.constantFrom("T1", "\t", " ", "X", "0", "1", "9", ";", "a", "\n", "\r", "#", "-", "\u2028", "\0");
    await fc.assert(fc.asyncProperty(fc.array(part, { maxLength: 20 }), async (parts) => {
      const { sample, problem } = await read("aa\na", `T1\tX ${parts.join("")}`);
      expect((sample === undefined) !== (problem === undefined)).toBe(true);
    }), { numRuns: 300 });
  });
});

describe("writing", () => {
  const target = (): string => join(root, "written");

  test("gives brat's files and the types that it offers", async () => {
    await write("brat", [
      { id: "b", text, entities: [{ start: 5, end: 9, type: "X" }, { start: 2, end: 5, type: "PER" }] },
      { id: 7, text: "y", entities: [] }, { text: "z", entities: [] },
    ], target());
    const content = (name: string): string => readFileSync(join(target(), name), "utf8");
    expect(content("b.txt")).toBe(text);
    expect(content("b.ann")).toBe("T1\tX 4 5;6 8\t在 北京\nT2\tPER 1 4\t王小明\n");
    expect(content("7.ann")).toBe("");
    expect(content("000003.txt")).toBe("z");
    expect(content("annotation.conf")).toBe("[entities]\nPER\nX\n\n[relations]\n\n[events]\n\n[attributes]\n");
  });

  test("what is written is read back, under its name and by itself", async () => {
    const ids = fc.oneof(fc.constantFrom("x", "文", "007", "a b"), fc.maxSafeInteger(), fc.constant(undefined));
    const breaks = /^[\r\n]|[\r\n]$/;
    const written = corpora(ids).map((samples) => samples.map((sample): Sample => ({
      ...sample, entities: sample.entities.filter(({ start, end }) => !breaks.test(sample.text.slice(start, end))),
    })));
    const byId = (a: Sample, b: Sample): number => (String(a.id) < String(b.id) ? -1 : 1);
    await fc.assert(fc.asyncProperty(written, async (samples) => {
      rmSync(target(), { recursive: true, force: true });
      await write("brat", samples, target());
      const named = await records(target(), "brat");
      const expected = samples.map((sample, at) => ({ ...sample, id: sample.id ?? String(at + 1).padStart(6, "0") }));
      expect(inOrder(named.map(({ sample }) => sample))).toEqual(inOrder(expected.sort(byId)));
      expect(await records(target(), "auto")).toEqual(named);
    }), { numRuns: 60 });
  });

  const named = (id: string): Sample => ({ id, text: "x", entities: [] });
  const marked = (text: string, start: number, end: number, type = "X"): Sample => (
    { text, entities: [{ start, end, type }] }
  );

  test.each<[string, Sample[], string]>([
    ["a path", [named("a/b")], "the id \"a/b\" cannot be the name of a file"],
    ["an empty id", [named("")], "the id \"\" cannot be the name of a file"],
    ["a hidden name", [named(".a")], "cannot be the name of a file"],
    ["a long id", [named("文".repeat(70))], "cannot be the name of a file"],
    ["a number as a string", [named("7")], "is read as the number; write it as a number"],
    ["an id twice", [named("a"), named("a")], "another text is called \"a\""],
    ["the number of another", [named("000002"), { text: "x", entities: [] }], "another text is called \"000002\""],
    ["a type with a blank", [marked("x", 0, 1, "a b")], "the entity type \"a b\" has white space"],
    ["half a pair", [{ text: "\ud83d", entities: [] }], "half a surrogate pair"],
    ["an entity in a pair", [marked("😀", 0, 1)], "inside a surrogate pair"],
    ["a byte order mark", [{ text: "\ufeffx", entities: [] }], "byte order mark"],
    ["an entity that ends with a line break", [marked("a\n", 0, 2)], "line break"],
  ])("%s is refused before anything is written", async (_, samples, message) => {
    await expect(write("brat", samples, target())).rejects.toThrow(message);
    expect(existsSync(target())).toBe(false);
  });

  test("a folder that holds something is left as it is", async () => {
    put({ "a.txt": "x" });
    await expect(write("brat", [{ text: "y", entities: [] }], folder)).rejects.toThrow(/exists already and is not empty/);
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("x");
  });
});
