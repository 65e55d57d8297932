import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the project. */
export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

export type CommandName = "gp-train" | "gp-eval" | "gp-predict" | "gp-convert" | "gp-data" | "gp-download";

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface RunningCommand {
  child: ChildProcessWithoutNullStreams;
  /** What it has written to standard output so far. */
  output: () => string;
  /** Resolves when standard output holds what is looked for; rejects when the command ends before. */
  saying: (what: string | RegExp) => Promise<void>;
  ended: Promise<Outcome>;
}

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** The package whose commands to run; default: this project. */
  root?: string;
}

/** Starts one of the compiled commands as a process of its own. */
export function startCommand(name: CommandName, args: readonly string[], options: RunOptions = {}): RunningCommand {
  const script = join(options.root ?? projectRoot, "dist", "bin", `${name}.js`);
  const env = { ...process.env, ...options.env };
  const child = spawn(process.execPath, [script, ...args], { cwd: options.cwd, env });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => { stdout += text; });
  child.stderr.setEncoding("utf8").on("data", (text: string) => { stderr += text; });
  child.stdin.on("error", () => undefined); // the command may end before it has read everything
  const ended = new Promise<Outcome>((resolve) => {
    child.once("close", (status) => { resolve({ status, stdout, stderr }); });
  });
  const saying = (what: string | RegExp): Promise<void> => new Promise((resolve, reject) => {
    const look = (): void => {
      if (typeof what === "string" ? stdout.includes(what) : what.test(stdout)) resolve();
    };
    child.stdout.on("data", look);
    void ended.then(() => { reject(new Error(`${name} ended before it said ${String(what)}: ${stdout}${stderr}`)); });
    look();
  });
  return { child, output: () => stdout, saying, ended };
}

/** Runs one of the compiled commands to its end. */
export function runCommand(
  name: CommandName, args: readonly string[], options: RunOptions & { input?: string | Uint8Array } = {},
): Promise<Outcome> {
  const command = startCommand(name, args, options);
  command.child.stdin.end(options.input ?? "");
  return command.ended;
}

/** One sentence on stderr that matches, no stack trace, and a status other than 0. */
export function expectRefusal({ status, stderr }: Outcome, message: RegExp, expectedStatus = 1): void {
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^gp-[a-z]+: /);
  expect(stderr).not.toMatch(/^\s+at .*[:(]/m);
  expect(stderr).not.toMatch(/\[INTERNAL\]|partial-/);
  expect(status).toBe(expectedStatus);
}

export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "gp-test-"));
  return { path, remove: () => { rmSync(path, { recursive: true, force: true }); } };
}

/** Every file below a folder, relative to it. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort();
}
