// Stocks of names composed from the inventory. Train draws on one stock; dev and test on that one and on a second whose
// names never occur in train.

import * as parts from "./inventory.mjs";

/**
 * @param {import("./random.mjs").Random} random
 * @param {{ size: number, rareShare: number, taken?: object }} options
 *   size scales every stock; rareShare is the chance that a part comes from the rare half of its inventory; names in
 *   `taken` (another stock) are avoided.
 */
export function createNames(random, { size, rareShare, taken }) {
  const part = ([common, rare]) => random.pick(random.chance(rareShare) ? rare : common);

  const stock = (kind, count, compose) => {
    const avoided = new Set(taken?.[kind]);
    const names = new Set();
    const wanted = Math.round(count * size);
    for (let tries = 0; names.size < wanted; tries++) {
      if (tries > 200 * wanted) throw new Error(`The inventory is too small for ${wanted} names of ${kind}.`);
      const name = compose();
      if (!avoided.has(name)) names.add(name);
    }
    return [...names];
  };

  const doubled = (heads, tails) => {
    const head = part(heads);
    let tail = part(tails);
    while (tail === head) tail = part(tails);
    return head + tail;
  };
  const capitalised = (word) => word[0].toUpperCase() + word.slice(1);
  const latin = () => {
    const stem = part(parts.latinSyllables) + (random.chance(0.3) ? part(parts.latinSyllables) : "");
    return capitalised(stem + random.pick(parts.latinTails));
  };
  const given = () => part(parts.givenCharacters) + (random.chance(0.95) ? part(parts.givenCharacters) : "");

  return {
    chinesePeople: stock("chinesePeople", 600, () => part(parts.surnames) + given()),
    foreignPeople: stock("foreignPeople", 15, () =>
      `${random.pick(parts.foreignGivenNames)}·${random.pick(parts.foreignSurnames)}`),
    places: stock("places", 48, () => doubled(parts.placeHeads, parts.placeTails)),
    roads: stock("roads", 50, () => doubled(parts.roadHeads, parts.roadTails) + random.pick(parts.roadKinds)),
    brands: stock("brands", 48, () => doubled(parts.brandHeads, parts.brandTails)),
    latinBrands: stock("latinBrands", 20, latin),
    titles: stock("titles", 100, () => random.weighted([
      [4, () => `${part(parts.titleQualities)}的${part(parts.titleNouns)}`],
      [2, () => `${part(parts.titleNouns)}与${part(parts.titleNouns)}`],
      [2, () => random.pick(parts.titleFields) + random.pick(parts.titleFieldKinds)],
      [1, () => `第${random.pick(parts.split("二三七九"))}${random.pick(parts.split("个座封"))}${part(parts.titleNouns)}`],
      [1, () => `${random.pick(parts.latinTitleHeads)} ${random.pick(parts.latinTitleNouns)}`],
    ])()),
    products: stock("products", 40, () => part(parts.productNames) + model(random)),
    positions: stock("positions", 18, () => random.weighted([
      [5, () => random.pick(parts.positionRanks) + random.pick(parts.positionTrades)],
      [3, () => random.pick(parts.positionFields) + random.pick(parts.positionHeads)],
    ])()),
  };
}

/** A model mark such as "X90", "Pro", "二号". */
export function model(random) {
  return random.weighted([
    [5, () => random.pick(parts.split("ABEGKMNQRSTVXZ")) + random.integer(10, 99)],
    [2, () => random.pick(parts.modelTails)],
    [2, () => `${random.pick(parts.split("一二三五七"))}号`],
  ])();
}
