import type { SampleId } from "../sample-id.js";
import type { Entity, Sample } from "../sample.js";
import { CJK_CLASS, headerLine } from "./conll-layout.js";
import { MAX_SENTENCE_SIZE, parseId } from "./conll-sentence.js";
import type { SampleWriter } from "./format.js";
import { encodeTags, type Scheme, type TokenRange } from "./tag-schemes.js";
import { TextFileWriter } from "./text-file-writer.js";

/** Each layer is a column of every line: entities that overlap in more are not meant for one. */
const MAX_LAYERS = 256;
const TOKEN = new RegExp(`[${CJK_CLASS}]|[^\\s${CJK_CLASS}]+`, "gu");
const LONE_SURROGATE = /\p{Cs}/u;

interface Range {
  start: number;
  end: number;
}

/** Layers of entities that do not overlap within one, each entity in the first that has room for it. */
function layersOf(entities: readonly Entity[]): Entity[][] {
  const layers: Entity[][] = [];
  const ordered = [...entities].sort((a, b) => (
    a.start - b.start || b.end - a.end || (a.type < b.type ? -1 : Number(a.type > b.type))
  ));
  let before: Entity | undefined;
  for (const entity of ordered) {
    const { start, end, type } = entity;
    const repeated = before?.start === start && before.end === end && before.type === type;
    before = entity;
    if (repeated) continue;
    const room = layers.find((layer) => (layer.at(-1)?.end ?? 0) <= start);
    if (room === undefined) layers.push([entity]);
    else room.push(entity);
  }
  return layers;
}

/** The text cut at blanks, around each CJK character, and where entities begin and end. */
function tokensOf(text: string, entities: readonly Entity[]): Range[] {
  const cuts = [...new Set(entities.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const tokens: Range[] = [];
  let next = 0;
  for (const { index, 0: match } of text.matchAll(TOKEN)) {
    const end = index + match.length;
    let start = index;
    for (; next < cuts.length && (cuts[next] ?? 0) < end; next++) {
      const cut = cuts[next] ?? 0;
      if (cut <= start) continue;
      tokens.push({ start, end: cut });
      start = cut;
    }
    tokens.push({ start, end });
  }
  return tokens;
}

function formatId(id: SampleId): string {
  if (typeof id === "number") return String(id);
  const plain = id !== "" && id.trim() === id && !/[\p{Cc}\p{Cs}]/u.test(id) && parseId(id) === id;
  return plain ? id : JSON.stringify(id);
}

function refuses({ id, text, entities }: Sample, layers: number): string | undefined {
  if (text.trim() === "") return "the text is empty or blank";
  if (text.includes("\n") || text.includes("\r")) return "the text holds a line break";
  if (text.includes("\0")) return "the text holds a NUL character";
  if (LONE_SURROGATE.test(text)) return "the text holds half a surrogate pair";
  if (text.length > MAX_SENTENCE_SIZE / 2) return `the text has more than ${MAX_SENTENCE_SIZE / 2} characters`;
  if (typeof id === "number" && !Number.isSafeInteger(id)) return "the id is no whole number that is held exactly";
  if (layers > MAX_LAYERS) return `the entities overlap in more than ${MAX_LAYERS} layers`;
  for (const { start, end, type } of entities) {
    const mention = text.slice(start, end);
    if (start < 0 || end > text.length || mention === "") return "an entity is empty or outside the text";
    if (mention.trim() !== mention) return "an entity begins or ends with a blank";
    if (LONE_SURROGATE.test(mention)) return "an entity begins or ends inside a surrogate pair";
    if (type === "" || /[\s\p{Cc}\p{Cs}]/u.test(type)) {
      return "an entity type is empty, or holds a blank or another character that no column can";
    }
  }
  return undefined;
}

function* pieces({ id, text, entities }: Sample, columns: number, scheme: Scheme): Generator<string> {
  if (id !== undefined) yield `# sent_id = ${formatId(id)}\n`;
  yield `# text = ${text}\n`;
  const tokens = tokensOf(text, entities);
  const firsts = new Map(tokens.map(({ start }, index) => [start, index]));
  const lasts = new Map(tokens.map(({ end }, index) => [end, index]));
  const layers = layersOf(entities).map((layer) => encodeTags(layer.map(({ start, end, type }): TokenRange => (
    { first: firsts.get(start) ?? 0, last: lasts.get(end) ?? 0, type }
  )), tokens.length, scheme));
  for (let index = 0; index < tokens.length; index++) {
    const { start, end } = tokens[index] ?? { start: 0, end: 0 };
    let line = text.slice(start, end);
    for (let column = 0; column < columns; column++) line += `\t${layers[column]?.[index] ?? "O"}`;
    yield `${line}\n`;
  }
  yield "\n";
}

/** Writes the text and its id as comments, which the reader takes them from, over the lines of the tokens. */
export function conllWriter(scheme: Scheme): SampleWriter {
  let columns = 1; // as many as the sample with the most layers needs
  return new TextFileWriter({
    get opening() {
      return `${headerLine(columns, scheme)}\n`;
    },
    refuses: (sample) => {
      const layers = layersOf(sample.entities).length;
      const problem = refuses(sample, layers);
      if (problem === undefined) columns = Math.max(columns, layers);
      return problem;
    },
    pieces: (sample) => pieces(sample, columns, scheme),
  });
}
