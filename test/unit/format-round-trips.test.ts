// From every format to every other and back to samples: nothing is lost that the formats can hold, and what a file of
// each looks like is known by its beginning.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { detectFormat } from "../../lib/data/formats/detect.js";
import { formatNames, formatOf, type FormatName } from "../../lib/data/formats/registry.js";
import type { SampleFormat } from "../../lib/data/read-samples.js";
import type { Entity, Sample } from "../../lib/data/sample.js";
import { anyIds, corpora, inOrder, records, write } from "../support/annotated-samples.js";

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "gp-round-trips-")); });
afterAll(() => { rmSync(folder, { recursive: true }); });

/** The samples that the format can hold, by its own word. */
function holdable(name: FormatName, samples: readonly Sample[]): Sample[] {
  const writer = formatOf(name).writer({});
  return samples.filter((sample) => writer.survey(sample) === undefined);
}

/** What has to come back: brat gives each text a name, so that those without id get one. */
function expected(name: FormatName, samples: readonly Sample[]): Sample[] {
  if (name !== "brat") return [...samples];
  const named = samples.map((sample, index) => ({ ...sample, id: sample.id ?? String(index + 1).padStart(6, "0") }));
  return named.sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));
}

/** Writes and reads, under the name `auto` where there is something to tell the format by; nothing may be odd. */
async function throughFormat(name: FormatName, samples: readonly Sample[], path: string): Promise<Sample[]> {
  await write(name, samples, path);
  const format: SampleFormat = samples.some(({ entities }) => entities.length > 0) ? "auto" : name;
  try {
    const found = await records(path, format);
    return found.map(({ sample, problem, notices }) => {
      expect({ problem, notices, labelled: sample?.labelled }).toEqual({ labelled: true });
      const { id, text = "", entities = [] } = sample ?? {};
      return { ...(id === undefined ? {} : { id }), text, entities };
    });
  } finally {
    rmSync(path, { recursive: true });
  }
}

/** Entities that are nested, cross each other and share a span, in texts where counting is easily mistaken. */
const KNOTTY: Sample[] = [
  "😀𠮷野家e\u0301 中国 北京大学", "𠀀𠀁𠀂𠀃 𠀄𠀅𠀆𠀇𠀈", "👩‍👩‍👧‍👦 family in 東京 🇨🇳", "e\u0301e\u0301\u0323 한국어 ﷺ\u200d",
  "#1 O B-PER \u3000全角",
].map((text, index) => {
  const at = (share: number): number => {
    const points = Array.from(text);
    return points.slice(0, Math.floor(share * points.length)).join("").length;
  };
  const ranges = [[0, 0.6], [0, 0.6], [0.2, 0.4], [0.4, 1], [0.6, 1], [0, 1]];
  const entities = ranges.map(([from = 0, to = 0], number): Entity => (
    { start: at(from), end: at(to), type: ["PER", "ORG", "地名"][number % 3] ?? "" }
  ));
  return { id: index % 2 === 0 ? index : `doc-${index}`, text, entities: entities.filter(({ start, end }) => {
    const mention = text.slice(start, end);
    return mention.trim() === mention && mention !== ""; // columns hold no blanks at the edge of an entity
  }) };
});

describe.each(formatNames)("%s to every format", (first) => {
  test("any samples that both can hold", async () => {
    const kept = new Map(formatNames.map((name) => [name, 0]));
    let run = 0;
    await fc.assert(fc.asyncProperty(corpora(anyIds), async (samples) => {
      const path = (name: string): string => join(folder, `${first}-${name}-${++run}`);
      const written = holdable(first, samples);
      if (written.length === 0) return;
      const read = await throughFormat(first, written, path("first"));
      expect(inOrder(read)).toEqual(inOrder(expected(first, written)));
      for (const second of formatNames) {
        const rewritten = holdable(second, read);
        if (rewritten.length === 0) continue;
        kept.set(second, (kept.get(second) ?? 0) + rewritten.length);
        const back = await throughFormat(second, rewritten, path(second));
        expect(inOrder(back)).toEqual(inOrder(expected(second, rewritten)));
      }
    }), { numRuns: 15 });
    expect([...kept].filter(([, count]) => count === 0)).toEqual([]); // each has to be put to the test
  });

  test("texts of emoji, astral Chinese, combining marks and blanks with knotty entities, of which none is refused",
    async () => {
      expect(KNOTTY.flatMap(({ entities }) => entities).length).toBeGreaterThan(20);
      const read = await throughFormat(first, KNOTTY, join(folder, first));
      expect(inOrder(read)).toEqual(inOrder(expected(first, KNOTTY)));
      for (const second of formatNames) {
        const back = await throughFormat(second, read, join(folder, `${first}-${second}`));
        expect(inOrder(back)).toEqual(inOrder(expected(second, read)));
      }
    });
});

describe("the beginning of a file tells its format", () => {
  const json = (value: unknown): string => JSON.stringify(value);
  const text = "浙商银行企业信贷部叶老桂博士";
  const person = { start: 9, end: 12, type: "name" };
  const company = { start: 0, end: 4, type: "company" };

  function put(files: Record<string, string>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
  }

  test.each<[string, FormatName, string, Entity[]]>([
    ["CLUENER2020", "cluener",
      json({ text, label: { name: { 叶老桂: [[9, 11]] }, company: { 浙商银行: [[0, 3]] } } }), [person, company]],
    ["what gp-predict writes", "spans",
      json({ id: 7, text, entities: [{ ...person, text: "叶老桂", score: 4.25 }] }), [person]],
    ["spaCy's triples", "spans", json({ text, entities: [[9, 12, "name"]] }), [person]],
    ["CMeEE, behind texts without entities", "cmeee", JSON.stringify([
      { text: "无", entities: [] },
      { text, entities: [{ start_idx: 9, end_idx: 11, type: "name", entity: "叶老桂" }] },
    ], undefined, 4), [person]],
    ["MSRA's columns", "conll", "浙\tB-company\n商\tI-company\n银\tI-company\n行\tI-company\n好\tO\n", [company]],
    ["CoNLL-2003", "conll", "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n. . O O\n",
      [{ start: 0, end: 2, type: "ORG" }]],
    ["Weibo's characters with the digits of their places", "conll",
      "科0\tO\n技1\tO\n全0\tO\n方1\tO\n位2\tO\n资0\tO\n讯1\tO\n智0\tO\n能1\tO\n，0\tO\n快0\tO\n捷1\tO\n的0\tO\n汽0\tO\n车1\tO\n"
      + "生0\tO\n活1\tO\n需0\tO\n要1\tO\n有0\tO\n三0\tO\n毛0\tB-PER.NAM\n屏1\tO\n", [{ start: 21, end: 22, type: "PER.NAM" }]],
    ["Universal NER", "conll", "# sent_id = train-s1\n# text = 看似简单\n1\t看似\tB-ORG\t-\tann\n2\t简单\tO\t-\tann\n",
      [{ start: 0, end: 2, type: "ORG" }]],
    ["doccano 1.x", "doccano", json({ id: 1, text, label: [[9, 12, "name"]], Comments: [] }), [person]],
    ["doccano with relations", "doccano", json({
      id: 1, text, relations: [], entities: [{ id: 3, label: "name", start_offset: 9, end_offset: 12 }],
    }), [person]],
    ["Label Studio's JSON", "label-studio", json([{
      id: 1, data: { text }, predictions: [], meta: {}, project: 2, created_at: "2024-05-02T08:00:00.000000Z",
      annotations: [{ id: 5, completed_by: 1, was_cancelled: false, result: [{
        value: { start: 9, end: 12, text: "叶老桂", labels: ["name"] }, id: "a", from_name: "label", to_name: "text",
        type: "labels", origin: "manual",
      }] }],
    }]), [person]],
    ["Label Studio's JSON_MIN", "label-studio", json([{
      id: 1, text, label: [{ start: 9, end: 12, text: "叶老桂", labels: ["name"] }], annotator: 1, annotation_id: 5,
    }]), [person]],
  ])("%s", async (name, format, content, entities) => {
    for (const written of [content, `\ufeff${content.replaceAll("\n", "\r\n")}`]) {
      put({ [name]: written });
      expect(await detectFormat(join(folder, name))).toBe(format);
      const found = await records(join(folder, name), "auto");
      expect(found.map(({ problem }) => problem).filter((problem) => problem !== undefined)).toEqual([]);
      expect(found.flatMap(({ sample }) => sample?.entities ?? [])).toEqual(entities);
    }
  });

  test("brat's folder", async () => {
    put({
      "brat/annotation.conf": "[entities]\nname\n", "brat/a.txt": text, "brat/a.ann": "T1\tname 9 12\t叶老桂\n",
      "brat/.stats_cache": "", "brat/b.txt": "无", "brat/b.ann": "",
    });
    expect(await detectFormat(join(folder, "brat"))).toBe("brat");
    expect((await records(join(folder, "brat"), "auto")).map(({ sample }) => sample?.entities)).toEqual([[person], []]);
  });

  test.each<[string, string | Uint8Array, RegExp]>([
    ["prose", "三毛走了。\n好。\n", /^\S+\/odd: its beginning does not tell how it is written; name the format, one of cluener, /],
    ["UTF-16", Buffer.from(`\ufeff${json({ text, label: {} })}\n`, "utf16le"), /odd:1: is not UTF-8 but UTF-16; save the/],
    ["GBK", Uint8Array.from([0x4f, 0x0a, 0xd5, 0xc5, 0xce, 0xb0, 0x20, 0x4f, 0x0a]), /odd:2: is not UTF-8 but seems to be GBK/],
  ])("%s tells none, and why is said", async (_, content, message) => {
    writeFileSync(join(folder, "odd"), content);
    await expect(detectFormat(join(folder, "odd"))).rejects.toThrow(message);
  });
});
