import type { SampleId } from "./sample-id.js";

/**
 * An entity as a range of characters: UTF-16 units, `end` exclusive, so that `text.slice(start, end)` is the mention.
 */
export interface Entity {
  start: number;
  end: number;
  type: string;
  /** The score of the span (above the threshold); only on predictions. */
  score?: number;
}

/** One annotated (or to be annotated) text. */
export interface Sample {
  id?: SampleId;
  text: string;
  entities: Entity[];
}
