/** What is wrong with a JSON text, and where: both counted from 1, columns in UTF-16 units. */
interface JsonFault {
  problem: string;
  line: number;
  column: number;
}

class Fault extends Error {
  constructor(readonly problem: string, readonly offset: number) {
    super(problem);
  }
}

const BLANKS = /[ \t\n\r]*/y;
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const MAX_DEPTH = 200;

/** Walks a JSON text without building it. JSON.parse gives no position for many faults and accepts repeated keys. */
class Scanner {
  private offset = 0;

  constructor(private readonly text: string) {}

  document(): void {
    this.value(0);
    if (this.peek() !== undefined) throw this.fault("something follows the end of the document");
  }

  private value(depth: number): void {
    const next = this.peek();
    if (depth > MAX_DEPTH) throw this.fault("too many levels");
    if (next === "{") this.object(depth);
    else if (next === "[") this.list(depth);
    else if (next === "\"") this.string();
    else if (this.take(SCALAR) === undefined) throw this.fault("expected a value");
  }

  private object(depth: number): void {
    const keys = new Set<string>();
    this.offset++;
    if (this.skip("}")) return;
    do {
      if (this.peek() !== "\"") throw this.fault("expected a key in double quotes");
      const at = this.offset;
      const key = this.string();
      if (keys.has(key)) throw new Fault(`the key ${key} is given twice`, at);
      keys.add(key);
      if (!this.skip(":")) throw this.fault("expected \":\"");
      this.value(depth + 1);
    } while (this.skip(","));
    if (!this.skip("}")) throw this.fault("expected \",\" or \"}\"");
  }

  private list(depth: number): void {
    this.offset++;
    if (this.skip("]")) return;
    do this.value(depth + 1);
    while (this.skip(","));
    if (!this.skip("]")) throw this.fault("expected \",\" or \"]\"");
  }

  private string(): string {
    const found = this.take(STRING);
    if (found === undefined) throw this.fault("text that does not end on its line, or a bad escape in it");
    return found;
  }

  private skip(character: string): boolean {
    if (this.peek() !== character) return false;
    this.offset++;
    return true;
  }

  private peek(): string | undefined {
    this.take(BLANKS);
    return this.text[this.offset];
  }

  private take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0];
    this.offset += found?.length ?? 0;
    return found;
  }

  private fault(problem: string): Fault {
    return new Fault(this.peek() === undefined ? `${problem}, but the text ends` : problem, this.offset);
  }
}

/** The first fault of a JSON text, a key given twice in one object included; undefined when it is sound. */
export function findJsonFault(text: string): JsonFault | undefined {
  try {
    new Scanner(text).document();
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const before = text.slice(0, error.offset);
    const lineStart = before.lastIndexOf("\n") + 1;
    return { problem: error.problem, line: before.split("\n").length, column: error.offset - lineStart + 1 };
  }
}
