import type { Sample } from "../sample.js";
import type { FormatOption, FormatOptions } from "./options.js";
import type { FileRecord } from "./record.js";

/** Writes samples in one format. All samples have to be surveyed, in their order, before they are written. */
export interface SampleWriter {
  /** Looks at a sample without writing it; why the format cannot hold it, or undefined when it can. */
  survey(sample: Sample): string | undefined;
  /**
   * Writes a file or directory, which appears whole or not at all.
   *
   * @param samples those that `survey` took, in the same order
   * @throws GlobalPointerError `OUTPUT`
   */
  write(samples: AsyncIterable<Sample>, path: string): Promise<void>;
}

/** A way of writing annotated texts down. */
export interface AnnotationFormat {
  readonly name: string;
  /** One line for help texts: what a file looks like and how it counts. */
  readonly summary: string;
  /** The options that it looks at. */
  readonly options: readonly FormatOption[];
  /** Those of them that its writer looks at too; none without this. */
  readonly writerOptions?: readonly FormatOption[];
  /** Streams a file's records, faulty ones included. @throws GlobalPointerError `DATA` when it cannot be read */
  read(path: string, options: FormatOptions): AsyncGenerator<FileRecord>;
  writer(options: FormatOptions): SampleWriter;
}
