import { constants } from "node:os";
import yargs, { type Argv } from "yargs";
import { GlobalPointerError } from "../lib/errors.js";
import { discardUnfinished } from "../lib/storage/aside.js";
import { outputError } from "../lib/storage/output-error.js";

// What all commands share: how they read their command line, report failures and end.

const FAILED = 1;
const MISUSED = 2; // the command line itself is wrong
const INTERRUPTIONS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A command line that cannot be understood. */
export class CommandLineError extends Error {}

/**
 * yargs with strict flags, help, and no stack trace for a mistake on the command line.
 *
 * @param lists flags that may be given several times
 */
export function commandLine(name: string, args: readonly string[], lists: readonly string[] = []): Argv {
  return yargs(args)
    .scriptName(name)
    .locale("en") // as everything else that is said
    .strict()
    .wrap(100)
    .version(false)
    .help("help")
    .alias("help", "h")
    .check((given) => {
      const repeatable = ["_", ...lists];
      // yargs lists a flag under its camel-case name too.
      const twice = Object.entries(given).find(([flag, value]) =>
        Array.isArray(value) && !repeatable.includes(flag.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)));
      if (twice !== undefined) throw new CommandLineError(`--${twice[0]} is given more than once: give it once`);
      return true;
    })
    .fail((message: string, error: Error | undefined) => {
      throw error instanceof CommandLineError || error instanceof GlobalPointerError
        ? error : new CommandLineError(oneLine(message));
    });
}

/** yargs lays some messages out over several lines. */
function oneLine(message: string): string {
  return message.trim().replace(/:?\s*\n\s*/g, ": ");
}

/** For yargs' `coerce`: the values of a flag that may be given several times, one text each. */
export function severalTexts(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  const given: unknown[] = Array.isArray(value) ? value : [value];
  return given.map(String);
}

/** For yargs' `coerce`: a whole number within bounds. */
export function wholeNumber(flag: string, min: number, max: number): (value: unknown) => number | undefined {
  return (value) => {
    if (value === undefined) return value;
    if (typeof value === "number" && Number.isInteger(value) && min <= value && value <= max) return value;
    throw new CommandLineError(`--${flag} takes one whole number from ${min} to ${max}`);
  };
}

/**
 * Runs a command: a user's mistake becomes one clear message on stderr and a non-zero exit status, a fault of ours also
 * asks for a report. GP_DEBUG=1 shows the stack of either.
 *
 * @param options.outlivesReader for a command whose work is worth finishing when nobody reads its output any more
 */
export async function runCommand(
  name: string, main: (args: readonly string[]) => Promise<number>, { outlivesReader = false } = {},
): Promise<void> {
  let told = false;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (outlivesReader) {
      // Work that is worth finishing goes on, whatever became of the console.
      if (!told && error.code !== "EPIPE") report(name, outputError("to standard output, and goes on", error));
      told = true;
      return;
    }
    // A reader such as `head` has seen enough: that is no failure.
    process.exit(error.code === "EPIPE" ? 0 : report(name, outputError("to standard output", error)));
  });
  process.stderr.on("error", () => undefined); // nobody is left to be told
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.exitCode = report(name, error);
  }
}

function report(name: string, error: unknown): number {
  const say = (text: string): void => { process.stderr.write(`${name}: ${text}\n`); };
  if (process.env["GP_DEBUG"] === "1" && error instanceof Error) say(error.stack ?? error.message);
  if (error instanceof CommandLineError) {
    say(`${error.message} (see ${name} --help)`);
    return MISUSED;
  }
  if (error instanceof GlobalPointerError) {
    say(`${error.message} [${error.code}]`);
    return FAILED;
  }
  const message = error instanceof Error ? error.message : String(error);
  say(`internal fault: ${message}; please report it with what GP_DEBUG=1 shows. [INTERNAL]`);
  return FAILED;
}

type Interruption = (typeof INTERRUPTIONS)[number];

/** As a shell reports a program that a signal ended: 130 for Ctrl-C. */
function statusOf(name: Interruption): number {
  return 128 + constants.signals[name];
}

function endNow(name: Interruption): never {
  discardUnfinished();
  process.exit(statusOf(name));
}

/** Makes Ctrl-C, or a polite kill, end the process at once and leave nothing half-written. */
export function endOnInterruption(): void {
  for (const name of INTERRUPTIONS) process.on(name, () => { endNow(name); });
}

/** A wish to stop. */
export interface Stop {
  signal: AbortSignal;
  /** The exit status of the command that followed it. */
  status: () => number;
}

/**
 * A stop that the first Ctrl-C, or a polite kill, sets. A second one ends the process at once, unless it comes
 * within the same second: npm and npx pass on the Ctrl-C that the terminal has sent to their child already.
 */
export function stopOnInterruption(onStop: () => void): Stop {
  const controller = new AbortController();
  let stoppedAt = 0;
  let status = 0;
  const interrupted = (name: Interruption): void => {
    if (!controller.signal.aborted) {
      stoppedAt = performance.now();
      status = statusOf(name);
      controller.abort();
      onStop();
    } else if (performance.now() - stoppedAt > 1000) {
      endNow(name);
    }
  };
  for (const name of INTERRUPTIONS) process.on(name, () => { interrupted(name); });
  return { signal: controller.signal, status: () => status };
}
