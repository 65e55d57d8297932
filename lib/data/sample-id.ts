/** What tells one line of a file from the others, as its writer numbered them. */
export type SampleId = string | number;

/**
 * An `id` as JSON.parse gave it. A number has to be a whole one that is held exactly: any other may have been rounded
 * already, and what is written back would be another id.
 *
 * @throws what `refuse` makes of the problem and its remedy
 */
export function readId(id: unknown, refuse: (problem: string) => Error): SampleId | undefined {
  if (id === undefined || typeof id === "string") return id;
  if (typeof id !== "number") throw refuse("\"id\" is neither a string nor a number; mend it or leave it out");
  if (!Number.isSafeInteger(id)) {
    throw refuse("\"id\" is beyond what a number holds exactly; write it as a string");
  }
  return id;
}
