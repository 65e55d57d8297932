/**
 * Tagged sentences for people to read.
 * @typedef {object} TaggedEntity
 * @property {number} start UTF-16 units
 * @property {number} end UTF-16 units, exclusive
 * @property {string} type
 * @property {string} [text]
 * @property {number} [score]
 */

const COLOURS = [36, 33, 35, 32, 34, 31, 96, 93, 95, 92];

/**
 * One tagged sentence: its text with every entity in brackets, inner ones within outer ones, and below it a line for
 * each entity. Entities that cross one another cannot both be bracketed: the later one is in the list only.
 * @param {{ text: string, entities: TaggedEntity[] }} sentence
 * @param {(type: string, text: string) => string} paint
 * @returns {string}
 */
export function renderSentence({ text, entities }, paint) {
  const ordered = [...entities].sort((a, b) => a.start - b.start || b.end - a.end);
  const lines = ordered.map((entity) => {
    const score = entity.score === undefined ? "" : `  (score ${entity.score.toFixed(1)})`;
    return `    ${paint(entity.type, entity.type)}  ${text.slice(entity.start, entity.end)}${score}`;
  });
  return [`  ${bracketed(text, withoutCrossings(ordered), paint)}`, ...lines].join("\n");
}

/**
 * Gives each type a colour of its own, in the order in which the types first come.
 * @param {boolean} coloured
 * @returns {(type: string, text: string) => string}
 */
export function painter(coloured) {
  /** @type {Map<string, number>} */
  const colours = new Map();
  return (type, text) => {
    if (!coloured) {
      return text;
    }
    const colour = colours.get(type) ?? /** @type {number} */ (COLOURS[colours.size % COLOURS.length]);
    colours.set(type, colour);
    return `\u001b[${colour}m${text}\u001b[39m`;
  };
}

/** @param {TaggedEntity[]} ordered by start, longer ones first */
function withoutCrossings(ordered) {
  /** @type {TaggedEntity[]} */
  const kept = [];
  for (const entity of ordered) {
    if (kept.every((other) => entity.start >= other.end || entity.end <= other.end)) {
      kept.push(entity);
    }
  }
  return kept;
}

/**
 * @param {string} text
 * @param {TaggedEntity[]} entities nested or apart, by start, longer ones first
 * @param {(type: string, text: string) => string} paint
 */
function bracketed(text, entities, paint) {
  let output = "";
  /** @type {TaggedEntity[]} */
  const open = [];
  let next = 0;
  for (let at = 0; at <= text.length; at++) {
    while (open.length > 0 && /** @type {TaggedEntity} */ (open.at(-1)).end === at) {
      const { type } = /** @type {TaggedEntity} */ (open.pop());
      output += paint(type, ` ${type}]`);
    }
    for (let entity = entities[next]; entity !== undefined && entity.start === at; entity = entities[++next]) {
      output += paint(entity.type, "[");
      open.push(entity);
    }
    output += text[at] ?? "";
  }
  return output;
}
