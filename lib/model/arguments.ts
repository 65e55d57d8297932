// What a program passes in: checked here, so that a mistake is told at the call and not by what comes of it.

/** A value as an error quotes it. */
export function shownArgument(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** @throws TypeError */
export function requireTexts(texts: unknown): asserts texts is readonly string[] {
  if (!Array.isArray(texts)) {
    throw new TypeError(`texts must be an array of strings, but is ${typeof texts}; write predict([text]) for one`);
  }
  const list: readonly unknown[] = texts;
  const wrong = list.findIndex((text) => typeof text !== "string");
  if (wrong >= 0) throw new TypeError(`texts[${wrong}] must be a string, but is ${typeof list[wrong]}`);
}

/** @throws RangeError */
export function requireBatchSize(batchSize: unknown): asserts batchSize is number {
  if (typeof batchSize === "number" && Number.isSafeInteger(batchSize) && batchSize >= 1) return;
  throw new RangeError(`batchSize must be a whole number of 1 or more, but is ${shownArgument(batchSize)}`);
}
