// data/README.md: the prose, and the counts of what was generated.

import { ENTITY_TYPES } from "./inventory.mjs";

const MEANINGS = {
  person: "people: Chinese and transliterated names, nicknames (老陈)",
  organization: "companies, schools, hospitals, offices, teams, newspapers, museums",
  address: "places, with or without suffix, roads with numbers, buildings and sites",
  work: "books, films, plays with their 《》, and newspapers",
  position: "offices and job titles",
  product: "devices by brand and model, local goods",
  date: "days, months, years, holidays, and spans from one date to another",
};

const share = (part, whole) => `${part} (${((100 * part) / whole).toFixed(1)}%)`;

/**
 * @param {{ seed: number, vocabularySize: number, showcaseSize: number, counts: Record<string, object> }} facts
 *   counts: what statistics() gave for each set
 */
export function readme({ seed, vocabularySize, showcaseSize, counts }) {
  const sets = Object.keys(counts);
  const row = (name, value) => `| ${name} | ${sets.map((set) => value(counts[set])).join(" | ")} |`;
  const ofSentences = (key) => (set) => share(set[key], set.sentences);
  const rows = [
    row("sentences", (set) => set.sentences),
    row("characters a sentence, mean", (set) => set.meanLength.toFixed(1)),
    row("characters, longest", (set) => set.longest),
    row("entities", (set) => set.entities),
    row("sentences without entity", ofSentences("withoutEntity")),
    row("sentences with nesting", ofSentences("nested")),
    row("... three deep or more", ofSentences("threeDeep")),
    row("... same start", ofSentences("sameStart")),
    row("... same end", ofSentences("sameEnd")),
    row("sentences with two types on one span", ofSentences("twoTypes")),
    row("sentences with a name several times", ofSentences("repeated")),
    row("entities that train never has", (set) => (set.unseen === undefined ? "" : share(set.unseen, set.entities))),
  ];
  return `# The built-in corpus

A small corpus of Chinese sentences with nested named entities, for trying out training, evaluation and prediction
without any download. It is synthetic: every sentence comes from the templates and name parts in \`scripts/corpus/\`.
Companies, books, products and people are invented; a likeness to real ones is chance. A score on it says that the
tool chain works, not how well a model reads real text. Licence: Apache-2.0, like the project.

This folder is written by \`node scripts/generate-corpus.mjs\`, this page included; change the generator, not the files.

\`\`\`sh
node scripts/generate-corpus.mjs           # write data/ again (seed ${seed})
node scripts/generate-corpus.mjs --check   # exit status 1 if data/ differs from what would be written
node scripts/generate-corpus.mjs --seed 7 --out other-corpus
\`\`\`

| file | what |
|---|---|
${sets.map((set) => `| \`${set}.jsonl\` | ${counts[set].sentences} labelled sentences |`).join("\n")}
| \`sentences.txt\` | ${showcaseSize} plain sentences to tag, one a line |
| \`vocab.txt\` | ${vocabularySize} lower-case WordPiece tokens |

The vocabulary holds the characters of GB 2312 level 1 and of the corpus, punctuation, and letters and digits, alone and
as \`##\` pieces.

## Format

One JSON object a line, as in CLUENER: \`{"text", "label": {type: {mention: [[start, end], ...]}}}\`. Offsets count
characters of \`text\` (all of them in the Basic Multilingual Plane, so code points and UTF-16 units agree) and \`end\`
is included: the mention is \`text.slice(start, end + 1)\`.

## Types

| type | what it marks | ${sets.join(" | ")} |
|---|---|${sets.map(() => "---:|").join("")}
${ENTITY_TYPES.map((type) => row(`\`${type}\` | ${MEANINGS[type]}`, (set) => set.types[type])).join("\n")}

- A place name inside another name is an address of its own, with or without its suffix.
- What would be an entity by itself stays one inside a longer name of its type: the town, the road and the building of
  an address, the company behind the town it bears.
- Museums and memorial halls are organization and address at once, newspapers organization and work.
- The brand in front of a product is an organization. Words in “” are no works.
- A span from one date to another is a date that holds two. Durations and counts are no dates.

## Counts

| | ${sets.join(" | ")} |
|---|${sets.map(() => "---:|").join("")}
${rows.join("\n")}

No sentence occurs twice, within a set or across sets. Dev and test use the templates of train in other combinations
and take about half of their names from a stock that train never draws on.
`;
}
