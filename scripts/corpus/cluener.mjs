// CLUENER's JSON lines: {"text", "label": {type: {mention: [[start, end], ...]}}}, end inclusive.

import { ENTITY_TYPES } from "./inventory.mjs";

/** @param {{ text: string, spans: { type: string, start: number, end: number }[] }} sentence */
export function toCluenerLine({ text, spans }) {
  const inOrder = [...spans].sort((a, b) => a.start - b.start || b.end - a.end);
  const label = {};
  for (const type of ENTITY_TYPES) {
    for (const { start, end } of inOrder.filter((span) => span.type === type)) {
      const positions = ((label[type] ??= {})[text.slice(start, end)] ??= []);
      positions.push([start, end - 1]);
    }
  }
  return JSON.stringify({ text, label });
}
