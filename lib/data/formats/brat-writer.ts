import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeWholeDirectory } from "../../storage/whole-directory.js";
import { MAX_LINE_BYTES } from "../lines.js";
import type { Sample } from "../sample.js";
import type { SampleId } from "../sample-id.js";
import { TextOffsets } from "../text-offsets.js";
import { onOneLine } from "./brat-annotations.js";
import type { SampleWriter } from "./format.js";
import { refuseSplitPairs } from "./text-file-writer.js";

/** Bytes of a name for which every common file system has room, with the ending and what a copy may add. */
const MAX_NAME_BYTES = 200;
/** What cannot be put into UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;
/** Characters that one system or another does not take in a name. */
const UNSAFE = /[/\\:*?"<>|\p{Cc}]/u;

/** Why an id cannot be a file's name that is read back as the same id. */
function refuseId(id: SampleId): string | undefined {
  if (typeof id === "number") return undefined;
  const shownId = JSON.stringify(id);
  const number = Number(id);
  if (Number.isSafeInteger(number) && String(number) === id) {
    return `the id ${shownId} is a string, but a file of that name is read as the number; write it as a number`;
  }
  const unsafe = id === "" || id.startsWith(".") || /[. ]$/.test(id) || UNSAFE.test(id) || LONE_SURROGATE.test(id)
    || Buffer.byteLength(id) > MAX_NAME_BYTES;
  return unsafe ? `the id ${shownId} cannot be the name of a file` : undefined;
}

function refuseText({ text, entities }: Sample): string | undefined {
  if (LONE_SURROGATE.test(text)) return "the text has half a surrogate pair, which no file in UTF-8 can hold";
  if (text.startsWith("\ufeff")) return "the text begins with a byte order mark, which is dropped when it is read";
  if (Buffer.byteLength(text) > MAX_LINE_BYTES) return `the text is longer than ${MAX_LINE_BYTES >> 20} MiB`;
  for (const { start, end, type } of entities) {
    if (/\s/.test(type)) return `the entity type ${JSON.stringify(type)} has white space in it`;
    if (LONE_SURROGATE.test(type)) return `the entity type ${JSON.stringify(type)} has half a surrogate pair in it`;
    const mention = text.slice(start, end);
    if (/^[\r\n]|[\r\n]$/.test(mention)) return "an entity begins or ends with a line break, which brat cannot hold";
  }
  return refuseSplitPairs({ text, entities });
}

/** The lines of an .ann file. An entity over a line break is divided there, as brat wants it. */
function annotationLines({ text, entities }: Sample): string {
  const offsets = new TextOffsets(text);
  return entities.map(({ start, end, type }, at) => {
    const pieces = [...text.slice(start, end).matchAll(/[^\r\n]+/g)];
    const pairs = pieces.map(({ index, 0: piece }) => {
      const from = start + index;
      return `${offsets.toCodePoint(from)} ${offsets.toCodePoint(from + piece.length)}`;
    });
    return `T${at + 1}\t${type} ${pairs.join(";")}\t${onOneLine(pieces.map(([piece]) => piece).join(" "))}\n`;
  }).join("");
}

/** What brat offers for annotating. */
function configuration(types: Iterable<string>): string {
  return ["[entities]", ...[...types].sort(), "", "[relations]", "", "[events]", "", "[attributes]", ""].join("\n");
}

/** Writes brat's folder: NAME.txt and NAME.ann for each sample, and annotation.conf. */
export class BratWriter implements SampleWriter {
  private readonly names = new Set<string>();
  private readonly types = new Set<string>();

  survey(sample: Sample): string | undefined {
    const problem = (sample.id === undefined ? undefined : refuseId(sample.id)) ?? refuseText(sample);
    if (problem !== undefined) return problem;
    const name = BratWriter.nameOf(sample, this.names.size);
    if (this.names.has(name)) return `another text is called ${JSON.stringify(name)} already; give each its own id`;
    this.names.add(name);
    for (const { type } of sample.entities) this.types.add(type);
    return undefined;
  }

  async write(samples: AsyncIterable<Sample>, path: string): Promise<void> {
    await writeWholeDirectory(path, async (folder) => {
      let written = 0;
      for await (const sample of samples) {
        const name = BratWriter.nameOf(sample, written++);
        // "wx": names that differ in case only are one file on some systems.
        writeFileSync(join(folder, `${name}.txt`), sample.text, { flag: "wx" });
        writeFileSync(join(folder, `${name}.ann`), annotationLines(sample), { flag: "wx" });
      }
      writeFileSync(join(folder, "annotation.conf"), configuration(this.types));
    });
  }

  /** The id, or for texts without one their number from 1. */
  private static nameOf({ id }: Sample, before: number): string {
    return String(id ?? String(before + 1).padStart(6, "0"));
  }
}
