// Joins clauses into sentences and sentences into the three sets.

import { Cast } from "./cast.mjs";
import { followers, openers, plain } from "./clauses.mjs";
import { createNames } from "./names.mjs";
import { join } from "./phrase.mjs";
import { Random } from "./random.mjs";

const LONGEST = 48;
const SIZES = { train: 3600, dev: 400, test: 400 };
/** The chance that a name of dev or test comes from the stock that train never draws on. */
const NOVELTY = 0.5;

/** @returns {{ text: string, spans: { type: string, start: number, end: number }[] }} */
function sentence(cast) {
  const { random } = cast;
  const clauses = [];
  const add = (templates) => clauses.push(random.pick(templates)(cast));
  if (random.chance(0.08)) {
    add(plain);
    if (random.chance(0.7)) add(plain);
  } else {
    if (random.chance(0.18)) add(plain);
    add(openers);
    if (random.chance(0.34)) add(followers);
    if (random.chance(0.18)) add(plain);
  }
  const parts = [];
  clauses.forEach((clause, index) => {
    if (index > 0) parts.push(random.weighted([[8, "，"], [1, "；"], [1, "。"]]));
    parts.push(clause);
  });
  parts.push(random.weighted([[14, "。"], [2, "！"], [3, ""]]));
  return join(parts);
}

/** Distinct sentences, none longer than LONGEST and none of `taken`, which they join. */
function draw(count, cast, taken) {
  const sentences = [];
  while (sentences.length < count) {
    const next = sentence(cast);
    if (next.text.length > LONGEST || taken.has(next.text)) continue;
    taken.add(next.text);
    sentences.push(next);
  }
  return sentences;
}

/** @param {number} seed @returns {{ train: object[], dev: object[], test: object[] }} */
export function createSentences(seed) {
  const random = new Random(seed);
  const known = createNames(random, { size: 4, rareShare: 0.15 });
  const novel = createNames(random, { size: 1, rareShare: 0.15, taken: known });
  const taken = new Set();
  return {
    train: draw(SIZES.train, new Cast(random, known), taken),
    dev: draw(SIZES.dev, new Cast(random, known, novel, NOVELTY), taken),
    test: draw(SIZES.test, new Cast(random, known, novel, NOVELTY), taken),
  };
}
