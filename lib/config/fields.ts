import { z } from "zod";

/*
 * The kinds of value a config key may hold. Each carries, as its only message, what is allowed: the error line adds
 * the key and what was found (see messages.ts).
 */

function range(min?: number, max?: number): string {
  if (min === undefined) return "";
  return max === undefined ? `, ${min} or more` : ` from ${min} to ${max}`;
}

export function wholeNumber(min: number, max?: number) {
  const allowed = `a whole number${range(min, max)}`;
  const schema = z.int(allowed).min(min, allowed);
  return max === undefined ? schema : schema.max(max, allowed);
}

export function number(min?: number) {
  const allowed = `a number${range(min)}`;
  return min === undefined ? z.number(allowed) : z.number(allowed).min(min, allowed);
}

export function numberBetween(min: number, max: number) {
  const allowed = `a number${range(min, max)}`;
  return z.number(allowed).min(min, allowed).max(max, allowed);
}

/** A probability that leaves something: 0 allowed, 1 not. */
export function fraction() {
  const allowed = "a number from 0, below 1";
  return z.number(allowed).min(0, allowed).lt(1, allowed);
}

/** A factor that leaves something: 1 allowed, 0 not. */
export function share() {
  const allowed = "a number above 0, at most 1";
  return z.number(allowed).gt(0, allowed).max(1, allowed);
}

export function positive() {
  const allowed = "a number above 0";
  return z.number(allowed).gt(0, allowed);
}

export function flag() {
  return z.boolean("true or false");
}

export function text() {
  return z.string("text").min(1, "text that is not empty");
}

export function file(allowed = "the path of a file or folder") {
  return z.string(allowed).min(1, allowed);
}

export function oneOf<const T extends readonly string[]>(values: T) {
  const quoted = values.map((value) => JSON.stringify(value)).join(", ");
  return z.enum(values, values.length === 1 ? quoted : `one of ${quoted}`);
}
