import { cluener } from "./cluener.js";
import { cmeee } from "./cmeee.js";
import type { AnnotationFormat } from "./format.js";
import { spans } from "./spans.js";

/** The formats by name; a new one adds its line here and its signs to detect.ts. */
const formats = { cluener, spans, cmeee } satisfies Record<string, AnnotationFormat>;

export type FormatName = keyof typeof formats;

/** Names of the annotation formats. */
export const formatNames = Object.keys(formats) as readonly FormatName[];

export function formatOf(name: FormatName): AnnotationFormat {
  return formats[name];
}
