import type { Vocabulary } from "./vocabulary.js";

const CONTINUATION = "##";
const UNICODE_SIZE = 0x110000;
const WORD_ROOT = 0;
const CONTINUATION_ROOT = 1;
const FIRST_SLOTS = 1 << 16;

/**
 * A trie over the code points of a vocabulary, with one root for the beginnings of words and one for the pieces that
 * continue them ("##..."). The first step of a word is a plain table, since most words of a Chinese text are one
 * character; all other edges stand in one open hash table keyed by (node, code point).
 */
export class WordPieces {
  /** Where the match that longestMatch found last ends. */
  matchEnd = 0;

  readonly #wordStarts = new Int32Array(UNICODE_SIZE); // code point -> node, 0 = none
  #edges = new Int32Array(3 * FIRST_SLOTS); // [slot, (node + 1 or 0 = free, code point, child)]
  #slotMask = FIRST_SLOTS - 1;
  #edgeCount = 0;
  #nodeCount = 2;
  #ids = new Int32Array(FIRST_SLOTS).fill(-1); // node -> id of the token that ends there, or -1

  constructor(vocabulary: Vocabulary) {
    for (let id = 0; id < vocabulary.size; id++) {
      const token = vocabulary.tokenOf(id) ?? "";
      const isContinuation = token.length > CONTINUATION.length && token.startsWith(CONTINUATION);
      if (isContinuation) this.#add(token, CONTINUATION.length, CONTINUATION_ROOT, id);
      else if (token.length > 0) this.#add(token, 0, WORD_ROOT, id);
    }
  }

  /** The id of a code point as a whole word, or -1. */
  idOfCharacter(codePoint: number): number {
    const node = this.#wordStarts[codePoint] as number;
    return node === 0 ? -1 : (this.#ids[node] as number);
  }

  /**
   * The id of the longest token that begins at word[from], or -1; matchEnd then tells where it ends.
   * @param from 0 means the beginning of a word, anything else its continuation.
   */
  longestMatch(word: Int32Array, from: number, length: number): number {
    let position = from;
    let node: number = CONTINUATION_ROOT;
    if (from === 0) {
      node = this.#wordStarts[word[0] as number] as number;
      if (node === 0) return -1;
      position = 1;
    }
    let found = this.#ids[node] as number;
    this.matchEnd = position;
    while (position < length) {
      node = this.#child(node, word[position] as number);
      if (node === 0) break;
      position++;
      const id = this.#ids[node] as number;
      if (id >= 0) {
        found = id;
        this.matchEnd = position;
      }
    }
    return found;
  }

  #add(token: string, from: number, root: number, id: number): void {
    let node = root;
    for (let i = from; i < token.length; ) {
      const codePoint = token.codePointAt(i) ?? 0;
      i += codePoint > 0xffff ? 2 : 1;
      node = node === WORD_ROOT ? this.#wordStart(codePoint) : this.#childOrNew(node, codePoint);
    }
    this.#ids[node] = id;
  }

  #wordStart(codePoint: number): number {
    let node = this.#wordStarts[codePoint] as number;
    if (node === 0) {
      node = this.#newNode();
      this.#wordStarts[codePoint] = node;
    }
    return node;
  }

  #childOrNew(node: number, codePoint: number): number {
    const slot = this.#slotOf(node, codePoint);
    if (this.#edges[slot] !== 0) return this.#edges[slot + 2] as number;
    const child = this.#newNode();
    this.#edges[slot] = node + 1;
    this.#edges[slot + 1] = codePoint;
    this.#edges[slot + 2] = child;
    if (++this.#edgeCount * 2 > this.#slotMask) this.#doubleEdges();
    return child;
  }

  /** The child, or 0 when there is none (no child is a root). */
  #child(node: number, codePoint: number): number {
    return this.#edges[this.#slotOf(node, codePoint) + 2] as number;
  }

  /** Index into #edges of the edge, or of the free slot where it would stand. */
  #slotOf(node: number, codePoint: number): number {
    const hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(codePoint, 0x85ebca6b);
    for (let slot = (hash ^ (hash >>> 15)) & this.#slotMask; ; slot = (slot + 1) & this.#slotMask) {
      const at = 3 * slot;
      const key = this.#edges[at] as number;
      if (key === 0 || (key === node + 1 && this.#edges[at + 1] === codePoint)) return at;
    }
  }

  #doubleEdges(): void {
    const old = this.#edges;
    this.#edges = new Int32Array(2 * old.length);
    this.#slotMask = 2 * this.#slotMask + 1;
    for (let at = 0; at < old.length; at += 3) {
      const key = old[at] as number;
      if (key !== 0) this.#edges.set(old.subarray(at, at + 3), this.#slotOf(key - 1, old[at + 1] as number));
    }
  }

  #newNode(): number {
    if (this.#nodeCount === this.#ids.length) {
      const ids = new Int32Array(2 * this.#ids.length).fill(-1);
      ids.set(this.#ids);
      this.#ids = ids;
    }
    return this.#nodeCount++;
  }
}
