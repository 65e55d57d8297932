import { findLayout } from "./conll-layout.js";
import { SentenceReader } from "./conll-sentence.js";
import { conllWriter } from "./conll-writer.js";
import type { AnnotationFormat } from "./format.js";
import { readLineBlocks } from "./line-blocks.js";
import type { FormatOptions } from "./options.js";
import type { FileRecord } from "./record.js";

/*
 * Columns: a token a line with its tag, sentences apart by blank lines, as in the shared tasks of CoNLL; also CoNLL-U
 * with a column of tags, as Universal NER has it.
 */

async function* read(path: string, options: FormatOptions): AsyncGenerator<FileRecord> {
  const sentences = new SentenceReader(path, await findLayout(path, options));
  for await (const block of readLineBlocks(path)) {
    for (const record of sentences.push(block)) yield record; // yield* would wait more often for each
  }
  const last = sentences.end();
  if (last !== undefined) yield last;
}

export const conll: AnnotationFormat = {
  name: "conll",
  summary: "a token a line with tags (BIO, IOB1, BIOES, BMES) in columns, a blank line between sentences",
  options: ["tokenColumn", "tagColumns", "scheme", "join", "positionDigits"],
  writerOptions: ["scheme"],
  read,
  writer: ({ scheme = "auto" }) => conllWriter(scheme === "auto" ? "bio" : scheme),
};
