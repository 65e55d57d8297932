import { configJsonSchema, type JsonSchema } from "./schema.js";

/** One key of the config, written with dots ("training.schedule.type"). */
interface KnownKey {
  path: string;
  /** What the schema gives it: several where variants differ, none where the key has to be given or is optional. */
  defaults: unknown[];
  /** Whether further keys live under it. */
  section: boolean;
}

function variants(schema: JsonSchema): JsonSchema[] {
  const nested = [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  return nested.length > 0 ? nested : [schema];
}

function collect(schema: JsonSchema, prefix: string, found: Map<string, KnownKey>): void {
  for (const variant of variants(schema)) {
    for (const [name, child] of Object.entries(variant.properties ?? {})) {
      // `not` marks a key that one kind of encoder refuses; the other kind describes it.
      if (typeof child === "boolean" || child.not !== undefined) continue;
      const path = prefix === "" ? name : `${prefix}.${name}`;
      const key = found.get(path) ?? { path, defaults: [], section: false };
      found.set(path, key);
      if (child.default !== undefined && !key.defaults.includes(child.default)) key.defaults.push(child.default);
      key.section ||= variants(child).some((part) => part.properties !== undefined);
      collect(child, path, found);
    }
  }
}

let listed: readonly KnownKey[] | undefined;

/** Every key of a config file, sections included, in the order of the schema. */
export function knownKeys(): readonly KnownKey[] {
  if (listed === undefined) {
    const found = new Map<string, KnownKey>();
    collect(configJsonSchema(), "", found);
    listed = [...found.values()];
  }
  return listed;
}

/** Edits (insert, delete, replace one character, swap two neighbours) that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replace = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, replace, swap));
    }
  }
  return at(a.length, b.length);
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("."), 0));
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

/** "max_seq_len" and "maxSeqLen" are the same word to a person. */
function plainWord(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/**
 * The known key that a person who wrote `path` most likely meant: a similar name, first in the same section, then
 * anywhere; undefined when nothing is similar.
 */
export function nearestKey(path: string): string | undefined {
  const written = plainWord(lastName(path));
  let best: { path: string; cost: number } | undefined;
  for (const key of knownKeys()) {
    const distance = editDistance(written, plainWord(lastName(key.path)));
    if (distance > Math.max(1, Math.floor(written.length / 3))) continue;
    const cost = distance + (parentOf(key.path) === parentOf(path) ? 0 : 1.5);
    if (best === undefined || cost < best.cost) best = { path: key.path, cost };
  }
  return best?.path;
}

/** "; did you mean ...?", or nothing where no key is near. */
export function suggestion(path: string): string {
  const nearest = nearestKey(path);
  return nearest === undefined || nearest === path ? "" : `; did you mean ${nearest}?`;
}
