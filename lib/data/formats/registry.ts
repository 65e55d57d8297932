import { brat } from "./brat.js";
import { cluener } from "./cluener.js";
import { cmeee } from "./cmeee.js";
import { conll } from "./conll.js";
import { doccano } from "./doccano.js";
import type { AnnotationFormat } from "./format.js";
import { labelStudio } from "./label-studio.js";
import { spans } from "./spans.js";

/** The formats by name; a new one adds its line here and its signs to detect.ts. */
const formats = {
  cluener, spans, cmeee, conll, doccano, "label-studio": labelStudio, brat,
} satisfies Record<string, AnnotationFormat>;

export type FormatName = keyof typeof formats;

/** Names of the annotation formats. */
export const formatNames = Object.keys(formats) as readonly FormatName[];

export function formatOf(name: FormatName): AnnotationFormat {
  return formats[name];
}
