import yargs, { type Argv } from "yargs";
import { GlobalPointerError } from "../lib/errors.js";

/** Exit status of a failure; misuse of the command line has its own, as usual. */
const FAILED = 1;
const MISUSED = 2;

/** yargs with what all commands share: strict flags, help, no stack trace for a mistake on the command line. */
export function commandLine(name: string, args: readonly string[]): Argv {
  return yargs(args)
    .scriptName(name)
    .strict()
    .wrap(100)
    .version(false)
    .help("help")
    .alias("help", "h")
    .fail((message, error) => {
      throw error ?? new CommandLineError(message);
    });
}

/** A command line that cannot be understood. */
class CommandLineError extends Error {}

/** For yargs' `coerce`: a number that is one. */
export function finiteNumber(value: number | undefined): number | undefined {
  if (value !== undefined && !Number.isFinite(value)) throw new CommandLineError("a number was expected");
  return value;
}

/** For yargs' `coerce`: a whole number of at least 1. */
export function countingNumber(value: number): number {
  if (!(Number.isInteger(value) && value >= 1)) throw new CommandLineError("a whole number of at least 1 was expected");
  return value;
}

/**
 * Runs a command: a user's mistake becomes one clear message on stderr and a non-zero exit status, a fault of ours also
 * asks for a report. GP_DEBUG=1 shows the stack of either.
 */
export async function runCommand(name: string, main: (args: readonly string[]) => Promise<number>): Promise<void> {
  // A reader such as `head` may close the pipe early: that is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.exitCode = report(name, error);
  }
}

function report(name: string, error: unknown): number {
  const say = (text: string): void => { process.stderr.write(`${name}: ${text}\n`); };
  if (process.env.GP_DEBUG === "1" && error instanceof Error) say(error.stack ?? error.message);
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

/** A signal that the first Ctrl-C (or a polite kill) sets; the second one ends the process at once. */
export function stopSignal(onStop: () => void): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
      onStop();
    });
  }
  return controller.signal;
}
