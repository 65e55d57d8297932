import { readdirSync, type Dirent } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { GlobalPointerError } from "../../errors.js";
import { encodingProblem, MAX_LINE_BYTES, openProblem, readLines, type Line } from "../lines.js";
import type { SampleId } from "../sample-id.js";
import { readBratEntities } from "./brat-annotations.js";
import { BratWriter } from "./brat-writer.js";
import type { AnnotationFormat } from "./format.js";
import type { FileRecord } from "./record.js";

/*
 * brat's standoff format: a folder of texts NAME.txt with their annotations NAME.ann beside them.
 */

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Which files a name has. */
interface Files {
  txt: boolean;
  ann: boolean;
}

/** Names without ending, with those of their files that there are; in the order of code units. */
export function bratDocuments(folder: string): Map<string, Files> {
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") {
      throw new GlobalPointerError(
        "DATA", `${folder}: is a file, but brat's are a folder of texts and annotations; give the folder`,
      );
    }
    throw openProblem(folder, error);
  }
  const documents = new Map<string, Files>();
  for (const entry of entries) {
    // A name with a dot in front is none of the user's: macOS puts such beside every file that it packs.
    const [, name, ending] = /^([^.].*)\.(txt|ann)$/s.exec(entry.name) ?? [];
    if (name === undefined || entry.isDirectory()) continue;
    const files = documents.get(name) ?? { txt: false, ann: false };
    if (ending === "txt") files.txt = true;
    else files.ann = true;
    documents.set(name, files);
  }
  return new Map([...documents].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The id that a document's name stands for. */
export function idOfName(name: string): SampleId {
  const number = Number(name);
  return Number.isSafeInteger(number) && String(number) === name ? number : name;
}

async function readText(path: string): Promise<{ text: string } | { problem: string }> {
  let bytes: Uint8Array;
  try {
    if ((await stat(path)).size > MAX_LINE_BYTES) {
      return { problem: `is longer than ${MAX_LINE_BYTES >> 20} MiB; split the text` };
    }
    bytes = await readFile(path);
  } catch (error) {
    throw openProblem(path, error);
  }
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    return { problem: encodingProblem(bytes, 1) };
  }
}

async function allLines(path: string): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of readLines(path)) lines.push(line);
  return lines;
}

async function readDocument(folder: string, name: string, files: Files): Promise<FileRecord> {
  const [textPath, annotationPath] = [join(folder, `${name}.txt`), join(folder, `${name}.ann`)];
  if (!files.txt) {
    return { place: annotationPath, problem: `there is no ${name}.txt beside it; add the text or remove the file` };
  }
  const read = await readText(textPath);
  if ("problem" in read) return { place: textPath, problem: read.problem };
  const marked = read.text.startsWith("\ufeff");
  const text = marked ? read.text.slice(1) : read.text;
  if (text === "") return { place: textPath, problem: "is empty; remove the file or give its text" };
  const id = idOfName(name);
  if (!files.ann) return { place: textPath, sample: { id, text, entities: [], labelled: false } };
  const lines = await allLines(annotationPath);
  const plain = readBratEntities(lines, text, 0);
  // brat counts a byte order mark, other programs drop it first: the mentions tell.
  const shifted = marked && "problem" in plain ? readBratEntities(lines, text, 1) : plain;
  const found = "problem" in shifted ? plain : shifted;
  if ("problem" in found) return { place: `${annotationPath}:${found.line}`, problem: found.problem };
  const { entities, leftOut } = found;
  const record = { place: textPath, sample: { id, text, entities, labelled: true } };
  const [first] = leftOut;
  if (first === undefined) return record;
  const [count, are] = leftOut.length === 1 ? ["1 entity", "is"] : [`${leftOut.length} entities`, "are"];
  return {
    ...record,
    notices: [`${count} of several pieces ${are} left out, which no span can be (${annotationPath}:${first})`],
  };
}

export const brat: AnnotationFormat = {
  name: "brat",
  summary: "a folder of texts NAME.txt with annotations NAME.ann beside them; code points, end exclusive",
  options: [],
  async* read(path) {
    const documents = bratDocuments(path);
    if (documents.size === 0) {
      throw new GlobalPointerError(
        "DATA", `${path}: holds no .txt and no .ann file; give the folder in which brat's files are`,
      );
    }
    for (const [name, files] of documents) yield await readDocument(path, name, files);
  },
  writer: () => new BratWriter(),
};
