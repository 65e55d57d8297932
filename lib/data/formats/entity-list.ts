import { shown } from "../json-value.js";
import type { SampleId } from "../sample-id.js";
import type { Entity } from "../sample.js";
import { idOf, requireText } from "./json-records.js";
import { RecordProblem, type FileSample } from "./record.js";
import { SpanReader, type Counting } from "./span-reader.js";

/*
 * Records of the shape {"id", "text", "entities": [...]}, which several formats share; what an entity looks like is for
 * each to say.
 */

/**
 * @param example of an entity, for messages
 * @param readEntity makes one of an element of the list
 * @throws RecordProblem
 */
export function readEntityList(
  record: Record<string, unknown>, counting: Counting, example: string,
  readEntity: (spans: SpanReader, entity: unknown) => Entity,
): FileSample {
  const text = requireText(record);
  const listed = record["entities"];
  if (listed !== undefined && !Array.isArray(listed)) {
    throw new RecordProblem(`"entities" is ${shown(listed)}; write a list of ${example}`);
  }
  const spans = new SpanReader(text, counting);
  const entities = (listed ?? []).map((entity: unknown) => readEntity(spans, entity));
  return { ...idOf(record["id"]), text, entities, labelled: listed !== undefined };
}

/** @throws RecordProblem naming the key that an entity lacks */
export function requireKeys(entity: Record<string, unknown>, keys: readonly string[]): void {
  for (const key of keys) {
    if (entity[key] === undefined) throw new RecordProblem(`the entity ${shown(entity)} has no "${key}"; add it`);
  }
}

/** One record in pieces: a text with very many entities may give more than one string holds. */
export function* entityListPieces(
  { id, text }: { id?: SampleId; text: string }, entities: Iterable<object>,
): Generator<string> {
  yield JSON.stringify({ ...(id === undefined ? {} : { id }), text, entities: [] }).slice(0, -"]}".length);
  let comma = "";
  for (const entity of entities) {
    yield comma + JSON.stringify(entity);
    comma = ",";
  }
  yield "]}";
}
