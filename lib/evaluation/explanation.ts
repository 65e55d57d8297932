import type { SampleId } from "../data/sample-id.js";
import type { Entity } from "../data/sample.js";

/*
 * What an evaluation tells beyond the strict scores: the shape of it. explain.ts fills it in; lib/report draws it.
 */

/**
 * Scores of a part of the entities. Where an attribute of the annotation and of the prediction differ (how an entity is
 * nested, say), recall is over the annotated entities of the part and precision over the predicted ones, so that the
 * two counts of hits need not be the same.
 */
export interface PartScores {
  precision: number;
  recall: number;
  /** Harmonic mean of the two. */
  f1: number;
  /** Annotated entities. */
  support: number;
  /** Annotated entities that were found. */
  found: number;
  /** Predicted entities. */
  predicted: number;
  /** Predicted entities that are right. */
  correct: number;
}

/** One part of a breakdown, by its name ("inner", "5-6 characters"). */
export interface PartRow extends PartScores {
  name: string;
}

/** Both ends of a 95% interval. */
export interface Interval {
  low: number;
  high: number;
}

/** How strict scores spread when the texts are drawn anew with replacement. */
export interface BootstrapIntervals {
  precision: Interval;
  recall: Interval;
  f1: Interval;
  macroF1: Interval;
  /** Times the texts were drawn. */
  resamples: number;
}

/**
 * What is wrong with a prediction:
 * - boundary: an entity of the right type overlaps it, but begins or ends elsewhere
 * - type: an entity of another type stands on the same characters, or overlaps it
 * - missed: an annotated entity that nothing predicted overlaps, or that is left when the others are paired
 * - spurious: the same the other way round
 */
export const errorKinds = ["boundary", "type", "missed", "spurious"] as const;

export type ErrorKind = (typeof errorKinds)[number];

/** One error; positions are those of the excerpt it stands in, which one of hundreds of characters reaches beyond. */
export interface SpanError {
  kind: ErrorKind;
  /** Absent for spurious ones. */
  gold?: Entity;
  /** Absent for missed ones. */
  predicted?: Entity;
}

/** A text, or the part of a long one around its errors, with all that was annotated and predicted in it. */
export interface ErrorExcerpt {
  /** The text's id, where it has one. */
  id?: SampleId;
  /** Index of the text in the set, from 0. */
  sample: number;
  /** Where the excerpt begins in the text, in UTF-16 units. */
  offset: number;
  excerpt: string;
  /** Whether the text goes on before and behind the excerpt. */
  cutBefore: boolean;
  cutAfter: boolean;
  /** Positions within the excerpt, `end` exclusive; entities that lie in it as a whole. */
  gold: Entity[];
  predicted: Entity[];
  errors: SpanError[];
}

/** How often an entity of one type was predicted as which. */
export interface Confusion {
  /** Names of rows and columns; one more row and column stand behind them: for "none". */
  types: readonly string[];
  /**
   * [types + 1][types + 1] annotated type by predicted type: correct ones and boundary errors on the diagonal, type
   * errors off it, missed ones in the last column, spurious ones in the last row.
   */
  counts: readonly (readonly number[])[];
}

export interface Explanation {
  /** Means over the types that occur, each counting the same. */
  macro: { precision: number; recall: number; f1: number };
  intervals: BootstrapIntervals;
  /** Hits counted more leniently than in the strict scores. */
  relaxed: {
    /** The type is right and at least one character is shared. */
    overlap: PartScores;
    /** Both boundaries are right, whatever the type. */
    boundary: PartScores;
    /** As many entities of the type as the text has, wherever they are. */
    type: PartScores;
  };
  /** flat, outer, inner, same span, crossing: those that occur. */
  nesting: PartRow[];
  /** By the length of the mention in characters. */
  mentionLength: PartRow[];
  /** By the length of the text in characters. */
  documentLength: PartRow[];
  /** Whether the training set has the mention with the type; only where the training set is known. */
  seen?: PartRow[];
  confusion: Confusion;
  /** How many errors of each kind there are in all. */
  errorCounts: Record<ErrorKind, number>;
  /** Texts with errors, in the order of the set: enough to show some of each kind, not all. */
  excerpts: ErrorExcerpt[];
}

/** Two models on the same texts: a paired bootstrap of the strict micro F1. */
export interface Comparison {
  /** Names of the two, such as their directories. */
  model: string;
  against: string;
  f1: number;
  againstF1: number;
  /** f1 - againstF1, and how it spreads over the resamples. */
  difference: number;
  interval: Interval;
  /** Share of the resamples in which the sign of the difference is another, doubled: a two-sided p-value. */
  pValue: number;
  resamples: number;
}
