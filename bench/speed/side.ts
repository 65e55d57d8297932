import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { GlobalPointerError } from "../../lib/errors.js";

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

  private constructor(private readonly name: string, private readonly child: ChildProcessWithoutNullStreams) {
    this.answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr.setEncoding("utf8").on("data", (text: string) => { this.stderr = (this.stderr + text).slice(-4000); });
    child.stdin.on("error", () => { /* told by the answer that does not come */ });
  }

  /** Starts it and waits until it is warm. @throws GlobalPointerError `SETUP` or `INTERNAL` when it does not start */
  static async start(name: string, command: string, args: readonly string[]): Promise<SideProcess> {
    const child = spawn(command, args, { stdio: "pipe" });
    const side = new SideProcess(name, child);
    const failed = new Promise<never>((_, reject) => {
      child.once("error", (error) => { reject(new GlobalPointerError("SETUP", `${name}: ${error.message}`)); });
    });
    await Promise.race([side.answer(), failed]);
    return side;
  }

  /** @returns what the side says of its round: a `Round`, but for the one that measures matrix products */
  async round(): Promise<unknown> {
    this.child.stdin.write("round\n");
    return this.answer();
  }

  /** Ends it. @returns its peak resident memory in bytes */
  async end(): Promise<number> {
    this.child.stdin.end();
    const { peakBytes } = await this.answer() as { peakBytes: number };
    return peakBytes;
  }

  /** Ends it without asking. */
  kill(): void {
    this.child.kill("SIGKILL");
  }

  private async answer(): Promise<unknown> {
    for (;;) {
      const line = await this.answers.next();
      if (line.done === true) throw new GlobalPointerError("INTERNAL", `${this.name} ended early:\n${this.stderr}`);
      // Libraries may write notes of their own to standard output.
      if (line.value.startsWith("{")) return JSON.parse(line.value);
    }
  }
}
