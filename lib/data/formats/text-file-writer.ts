import { WholeFile } from "../../storage/whole-file.js";
import type { Sample } from "../sample.js";
import { TextOffsets } from "../text-offsets.js";
import type { SampleWriter } from "./format.js";

const CHUNK_LENGTH = 1 << 16;

/** What makes a format of one text file. */
interface TextFile {
  refuses?: (sample: Sample) => string | undefined;
  /** What stands before the first sample, between two, and behind the last. */
  opening?: string;
  separator?: string;
  closing?: string;
  /** One sample, in pieces: one with very many entities may give more than one string holds. */
  pieces(sample: Sample): Iterable<string>;
}

/** Writes a file of text, sample by sample. */
export class TextFileWriter implements SampleWriter {
  constructor(private readonly file: TextFile) {}

  survey(sample: Sample): string | undefined {
    return this.file.refuses?.(sample);
  }

  async write(samples: AsyncIterable<Sample>, path: string): Promise<void> {
    const { opening = "", separator = "", closing = "" } = this.file;
    const output = new WholeFile(path);
    try {
      let waiting = opening; // short pieces are joined: a write for each would be slow
      let first = true;
      for await (const sample of samples) {
        if (!first) waiting += separator;
        first = false;
        for (const piece of this.file.pieces(sample)) {
          waiting += piece;
          if (waiting.length < CHUNK_LENGTH) continue;
          output.write(waiting);
          waiting = "";
        }
      }
      output.write(waiting + closing);
      output.commit();
    } finally {
      output.abandon();
    }
  }
}

/** For formats that count code points: a boundary between the halves of a surrogate pair has no number there. */
export function refuseSplitPairs({ text, entities }: Sample): string | undefined {
  const offsets = new TextOffsets(text);
  if (offsets.length === text.length) return undefined;
  const splits = (position: number): boolean => offsets.toUtf16(offsets.toCodePoint(position)) !== position;
  return entities.some(({ start, end }) => splits(start) || splits(end))
    ? "an entity begins or ends inside a surrogate pair" : undefined;
}
