/** Whether a parsed JSON value is an object, neither null nor a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A parsed JSON value as it is quoted in an error: its JSON, shortened. */
export function shown(value: unknown, maxLength = 40): string {
  const json = JSON.stringify(value);
  return json.length > maxLength ? `${json.slice(0, maxLength - "...".length)}...` : json;
}
