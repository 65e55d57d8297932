import { shown } from "../json-value.js";
import { RecordProblem } from "./record.js";

/*
 * Entities as one tag a token. bio: B- begins an entity, I- continues it. iob1: I- does both, B- begins one that
 * follows another of its type at once. bioes: E- ends, S- is an entity of one token (L- and U- in BILOU). bmes: M- in
 * place of I-.
 */

export type Scheme = "bio" | "iob1" | "bioes" | "bmes";

type Role = "outside" | "begin" | "inside" | "end" | "single";

const ROLES = new Map<string, Role>([
  ["B", "begin"], ["I", "inside"], ["M", "inside"], ["E", "end"], ["L", "end"], ["S", "single"], ["U", "single"],
]);
const LETTERS: Readonly<Record<Scheme, string>> = { bio: "BI", iob1: "BI", bioes: "BIESLU", bmes: "BMES" };

/** A tag as it is written: its letter and the type of the entity, both empty for O. */
export interface Tag {
  written: string;
  letter: string;
  type: string;
  role: Role;
}

/** An entity of the tokens `first` to `last`, both inclusive. */
export interface TokenRange {
  first: number;
  last: number;
  type: string;
}

export const OUTSIDE: Tag = { written: "O", letter: "", type: "", role: "outside" };

/** A tag of any scheme; undefined for anything else, also a letter without a type. */
export function parseTag(written: string): Tag | undefined {
  if (written === "O") return OUTSIDE;
  const letter = written.slice(0, 1);
  const role = ROLES.get(letter);
  const separator = written[1];
  if (role === undefined || (separator !== "-" && separator !== "_") || written.length < 3) return undefined;
  return { written, letter, type: written.slice(2), role };
}

/** Whether it is a letter of a tag whose type is missing: B, or B- */
export function isBareTag(written: string): boolean {
  return ROLES.has(written.slice(0, 1)) && /^.[-_]?$/.test(written);
}

/** A fault that the tag of the token of that index shows. */
export class TagProblem extends RecordProblem {
  constructor(problem: string, readonly token: number) {
    super(problem);
  }
}

/** The tags of one scheme, each parsed once. */
export class TagReader {
  private readonly known = new Map<string, Tag>([["O", OUTSIDE]]);

  constructor(private readonly scheme: Scheme) {}

  /** @throws RecordProblem */
  read(written: string): Tag {
    return this.known.get(written) ?? this.learn(written);
  }

  private learn(written: string): Tag {
    const trimmed = written.trim();
    const tag = parseTag(trimmed);
    if (trimmed === "") throw new RecordProblem("the tag is empty; write O, or a tag such as B-PER");
    if (tag === undefined) {
      throw new RecordProblem(isBareTag(trimmed)
        ? `the tag ${shown(trimmed)} names no type; write ${shown(`${trimmed.slice(0, 1)}-PER`)}, or what the type is`
        : `${shown(trimmed)} is no tag; write O, or a tag such as B-PER, or set the format option tagColumns if other `
        + "columns hold the tags");
    }
    if (tag.role !== "outside" && !LETTERS[this.scheme].includes(tag.letter)) {
      const own = LETTERS[this.scheme].replace(/./g, "$&- ");
      throw new RecordProblem(
        `the tag ${shown(tag.written)} is none of the scheme ${this.scheme} (${own}O); mend it, or set the format `
        + "option scheme",
      );
    }
    this.known.set(written, tag);
    return tag;
  }
}

/** Puts the entities together that the tags of a sentence tell, one layer of them. */
export class LayerDecoder {
  entities: TokenRange[] = [];
  private readonly closing: boolean;
  private open: Tag | undefined; // the last tag of an entity that may go on
  private first = 0;

  constructor(private readonly scheme: Scheme) {
    this.closing = scheme === "bioes" || scheme === "bmes";
  }

  /** Takes the tag of the next token. @throws TagProblem */
  push(tag: Tag, token: number): void {
    const { role } = tag;
    if (role === "outside" && this.open === undefined) return;
    const continues = role === "inside" || role === "end";
    if (continues && this.open?.type === tag.type) {
      this.open = tag;
      if (role === "end") this.close(token);
      return;
    }
    if (continues && this.scheme !== "iob1") throw new TagProblem(this.unbegun(tag), token);
    if (this.closing && this.open !== undefined) throw new TagProblem(this.unended(this.open), token - 1);
    this.close(token - 1);
    if (role === "outside") return;
    this.open = tag;
    this.first = token;
    if (role === "single") this.close(token);
  }

  /** The entities of a sentence of so many tokens; the next one may follow. @throws TagProblem */
  finish(tokens: number): TokenRange[] {
    if (this.closing && this.open !== undefined) throw new TagProblem(this.unended(this.open), tokens - 1);
    this.close(tokens - 1);
    const { entities } = this;
    if (entities.length > 0) this.entities = [];
    return entities;
  }

  /** Makes it fit for another sentence after a fault. */
  reset(): void {
    this.open = undefined;
    this.entities = [];
  }

  private close(last: number): void {
    if (this.open === undefined) return;
    this.entities.push({ first: this.first, last, type: this.open.type });
    this.open = undefined;
  }

  private unbegun(tag: Tag): string {
    const { written, type } = tag;
    const as = (letter: string, of = type): string => shown(`${letter}${written.slice(1, 2)}${of}`);
    if (this.open !== undefined) {
      return `the tag ${shown(written)} follows ${shown(this.open.written)}: the type changes inside an entity; write `
        + `${as(tag.letter, this.open.type)}, or begin another entity`;
    }
    if (!this.closing) {
      return `the tag ${shown(written)} continues no entity; begin one with ${as("B")}, or set the format option `
        + "scheme=iob1 if the whole file begins entities with I-";
    }
    return `the tag ${shown(written)} continues no entity; begin one with ${as("B")}, or write ${as("S")} for one `
      + "of a single token";
  }

  private unended({ written, letter, type }: Tag): string {
    const mended = shown(`${letter === "B" ? "S" : "E"}${written.slice(1, 2)}${type}`);
    return `the entity that ${shown(written)} belongs to does not end; write ${mended} if this is its last token, or `
      + `set the format option scheme if the file is not ${this.scheme}`;
  }
}

/** The tags that tell of these entities, which must be in order and apart from each other. */
export function encodeTags(entities: Iterable<TokenRange>, tokens: number, scheme: Scheme): string[] {
  const tags = new Array<string>(tokens).fill("O");
  const closing = scheme === "bioes" || scheme === "bmes";
  const inside = scheme === "bmes" ? "M" : "I";
  let before: TokenRange | undefined;
  for (const entity of entities) {
    const { first, last, type } = entity;
    const follows = before?.last === first - 1 && before.type === type;
    before = entity;
    for (let token = first; token <= last; token++) tags[token] = `${inside}-${type}`;
    if (scheme !== "iob1" || follows) tags[first] = `B-${type}`;
    if (closing) tags[last] = `${first === last ? "S" : "E"}-${type}`;
  }
  return tags;
}
