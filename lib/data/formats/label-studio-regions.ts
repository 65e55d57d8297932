import { isObject, shown } from "../json-value.js";
import type { Entity } from "../sample.js";
import { RecordProblem } from "./record.js";
import type { SpanReader } from "./span-reader.js";

/*
 * What Label Studio calls a result: a list of regions {"type", "value"}, of which those of the type "labels" say
 * entities.
 */

const LINE_BREAK = /\\n|[\r\n]/;

/** Line breaks made alike: Label Studio writes those of a mention as they are, as LF, or as a backslash and an n. */
function withAlikeBreaks(text: string): string {
  return text.replace(new RegExp(LINE_BREAK, "g"), "\n");
}

function readSpan(spans: SpanReader, text: string, value: Record<string, unknown>, label: unknown): Entity {
  const { start, end, text: mention = null } = value;
  try {
    return spans.entity(start, end, label, mention ?? undefined);
  } catch (error) {
    if (!(error instanceof RecordProblem) || typeof mention !== "string" || !LINE_BREAK.test(mention)) throw error;
    const entity = spans.entity(start, end, label);
    if (withAlikeBreaks(text.slice(entity.start, entity.end)) === withAlikeBreaks(mention)) return entity;
    throw error;
  }
}

function labelsOf(value: Record<string, unknown>): unknown[] {
  const labels = value["labels"] ?? [];
  if (Array.isArray(labels)) return labels;
  throw new RecordProblem(`the "labels" ${shown(labels)} of a region are no list; write ["TYPE"]`);
}

function counted(count: number, things: string): string {
  return `${count} ${things}${count === 1 ? "" : "s"}`;
}

/**
 * The entities of a result.
 *
 * @throws RecordProblem
 */
export function readRegions(
  result: readonly unknown[], text: string, spans: SpanReader, notice: (text: string) => void,
): Entity[] {
  const entities: Entity[] = [];
  const others = new Map<string, number>();
  let unlabelled = 0;
  for (const region of result) {
    if (!isObject(region)) {
      throw new RecordProblem(`the region ${shown(region)} is not an object; write {"type": "labels", "value": {...}}`);
    }
    const { type, value } = region;
    if (typeof type !== "string") {
      throw new RecordProblem(`the type of the region ${shown(region)} is not a string; write "labels"`);
    }
    if (type !== "labels") {
      others.set(type, (others.get(type) ?? 0) + 1);
      continue;
    }
    if (!isObject(value)) {
      throw new RecordProblem(`the value ${shown(value ?? null)} of a region is not an object; write {"start", "end"}`);
    }
    const labels = labelsOf(value);
    if (labels.length === 0) unlabelled++;
    for (const label of labels) entities.push(readSpan(spans, text, value, label));
  }
  for (const [type, count] of others) {
    notice(`${counted(count, "result")} of the type ${shown(type)} left aside: only "labels" say entities`);
  }
  if (unlabelled > 0) notice(`${counted(unlabelled, "region")} without a label left aside`);
  return entities;
}

/** The same text for results that say the same entities; never throws on odd ones. */
export function fingerprint(result: readonly unknown[]): string {
  const entities = new Set<string>();
  for (const region of result) {
    if (!isObject(region) || region["type"] !== "labels" || !isObject(region["value"])) continue;
    const { start, end, labels } = region["value"];
    if (!Array.isArray(labels)) continue;
    for (const label of labels) entities.add(JSON.stringify([start, end, label]));
  }
  return [...entities].sort().join();
}
