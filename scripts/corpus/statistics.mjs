// Counts over one set, for the README.

import { ENTITY_TYPES } from "./inventory.mjs";

const contains = (outer, inner) =>
  outer !== inner && outer.start <= inner.start && inner.end <= outer.end;

const mentionKey = (sentence, span) => `${span.type}\t${sentence.text.slice(span.start, span.end)}`;

/** How deep the spans lie in one another: 0 without spans, 1 when flat; two types on one span count as one level. */
function depth(spans) {
  const distinct = [...new Map(spans.map((span) => [`${span.start}-${span.end}`, span])).values()];
  const depthOf = (span) =>
    1 + Math.max(0, ...distinct.filter((other) => contains(span, other)).map((other) => depthOf(other)));
  return Math.max(0, ...distinct.map((span) => depthOf(span)));
}

/** Every (type, mention) of the sentences. */
export function mentionsOf(sentences) {
  return new Set(sentences.flatMap((sentence) => sentence.spans.map((span) => mentionKey(sentence, span))));
}

/**
 * @param {{ text: string, spans: { type: string, start: number, end: number }[] }[]} sentences
 * @param {Set<string>} [trainMentions] what mentionsOf(train) gave
 */
export function statistics(sentences, trainMentions) {
  const pairs = (test) => sentences.filter(({ spans }) =>
    spans.some((outer) => spans.some((inner) => contains(outer, inner) && test(outer, inner)))).length;
  const entities = sentences.reduce((sum, { spans }) => sum + spans.length, 0);
  const unseen = trainMentions && sentences.reduce((sum, sentence) =>
    sum + sentence.spans.filter((span) => !trainMentions.has(mentionKey(sentence, span))).length, 0);
  const characters = sentences.reduce((sum, { text }) => sum + text.length, 0);
  return {
    sentences: sentences.length,
    meanLength: characters / sentences.length,
    longest: Math.max(...sentences.map(({ text }) => text.length)),
    entities,
    types: Object.fromEntries(ENTITY_TYPES.map((type) =>
      [type, sentences.reduce((sum, { spans }) => sum + spans.filter((span) => span.type === type).length, 0)])),
    withoutEntity: sentences.filter(({ spans }) => spans.length === 0).length,
    nested: sentences.filter(({ spans }) => depth(spans) > 1).length,
    threeDeep: sentences.filter(({ spans }) => depth(spans) > 2).length,
    sameStart: pairs((outer, inner) => outer.start === inner.start && outer.end > inner.end),
    sameEnd: pairs((outer, inner) => outer.end === inner.end && outer.start < inner.start),
    twoTypes: pairs((outer, inner) => outer.start === inner.start && outer.end === inner.end),
    repeated: sentences.filter((sentence) =>
      new Set(sentence.spans.map((span) => mentionKey(sentence, span))).size < sentence.spans.length).length,
    ...(unseen === undefined ? {} : { unseen }),
  };
}
