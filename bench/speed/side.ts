import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { GlobalPointerError } from "../../lib/errors.js";

/** How long a side may take to start and for a round, in seconds. */
export interface Patience {
  start: number;
  round: number;
}

const PATIENCE: Patience = { start: 1800, round: 1800 };

/** What one round took, and how many spans or entities were found in it (the loss of the last step, in training). */
export interface Round {
  seconds: number;
  result: number;
}

/**
 * A process that does a workload when told to. It is given the workload's JSON file, says {"ready": true} when warm,
 * answers every line on its standard input with a round, and the end of the input with {"peakBytes": N}.
 */
export class SideProcess {
  private readonly answers: AsyncIterator<string>;
  private stderr = "";

  private constructor(
    private readonly name: string, private readonly child: ChildProcessWithoutNullStreams,
    private readonly patience: Patience,
  ) {
    this.answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.setEncoding("utf8").on("data", (text: string) => { this.stderr = (this.stderr + text).slice(-4000); });
    child.stdin.on("error", () => { /* told by the answer that does not come */ });
  }

  /**
   * Starts it and waits until it is warm.
   *
   * @param patience seconds that its start and a round may take
   * @throws GlobalPointerError `SETUP` or `INTERNAL` when it does not start
   */
  static async start(
    name: string, command: string, args: readonly string[], patience = PATIENCE,
  ): Promise<SideProcess> {
    const child = spawn(command, args, { stdio: "pipe" });
    const side = new SideProcess(name, child, patience);
    const failed = new Promise<never>((_, reject) => {
      child.once("error", (error) => { reject(new GlobalPointerError("SETUP", `${name}: ${error.message}`)); });
    });
    await Promise.race([side.answer(patience.start), failed]);
    return side;
  }

  /** @returns what the side says of its round: a `Round`, but for the one that measures matrix products */
  async round(): Promise<unknown> {
    this.child.stdin.write("round\n");
    return this.answer(this.patience.round);
  }

  /** Ends it. @returns its peak resident memory in bytes */
  async end(): Promise<number> {
    this.child.stdin.end();
    const { peakBytes } = await this.answer(this.patience.round) as { peakBytes: number };
    return peakBytes;
  }

  /** Ends it without asking. */
  kill(): void {
    this.child.kill("SIGKILL");
  }

  /** @throws GlobalPointerError `INTERNAL` when it ends, or is ended because it takes more seconds than that */
  private async answer(seconds: number): Promise<unknown> {
    const late = new GlobalPointerError("INTERNAL", `${this.name} took more than ${seconds} seconds.`);
    let timer: NodeJS.Timeout | undefined;
    const end = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.kill();
        reject(late);
      }, seconds * 1000);
    });
    try {
      return await Promise.race([this.nextRecord(), end]);
    } finally {
      clearTimeout(timer);
    }
  }

  private async nextRecord(): Promise<unknown> {
    for (;;) {
      const line = await this.answers.next();
      if (line.done === true) throw new GlobalPointerError("INTERNAL", `${this.name} ended early:\n${this.stderr}`);
      // Libraries may write notes of their own to standard output.
      if (line.value.startsWith("{")) return JSON.parse(line.value);
    }
  }
}
