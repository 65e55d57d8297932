import { readCluener } from "./cluener.js";
import type { Sample } from "./sample.js";

/** What a reader came across; filled in while it reads. */
export interface ReadReport {
  samples: number;
  /** Without duplicates. */
  entities: number;
  /** Lines without annotation. */
  unlabelled: number;
  /** Entities dropped because the line names the same type and range twice. */
  duplicates: number;
  duplicateExamples: string[];
}

export interface ReadOptions {
  /** The types that may occur; any other is an error. Without it, every type is taken. */
  entityTypes?: readonly string[];
  /** For training and evaluation: a line without annotation, and a file without lines, is an error. */
  requireLabels?: boolean;
  report?: ReadReport;
}

/** Streams one file; a new format adds its reader to `readers` below. */
type SampleReader = (path: string, options?: ReadOptions) => AsyncGenerator<Sample>;

/** Names of the annotation formats, as the config and the commands take them. */
export const sampleFormats = ["cluener"] as const;

export type SampleFormat = (typeof sampleFormats)[number];

const readers: Record<SampleFormat, SampleReader> = { cluener: readCluener };

export function emptyReadReport(): ReadReport {
  return { samples: 0, entities: 0, unlabelled: 0, duplicates: 0, duplicateExamples: [] };
}

/**
 * Streams the samples of an annotation file, entities without duplicates.
 *
 * @throws GlobalPointerError `DATA` while reading, naming file and line.
 */
export function readSamples(path: string, format: SampleFormat, options: ReadOptions = {}): AsyncGenerator<Sample> {
  return readers[format](path, options);
}

/** The entity types that occur, in the order of their code units. */
export async function collectEntityTypes(samples: AsyncIterable<Sample> | Iterable<Sample>): Promise<string[]> {
  const types = new Set<string>();
  for await (const sample of samples) for (const { type } of sample.entities) types.add(type);
  return [...types].sort();
}
