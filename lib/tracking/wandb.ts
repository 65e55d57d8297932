import { basename, dirname } from "node:path";
import { Worker } from "node:worker_threads";
import type { ResolvedConfig } from "../config/load.js";
import { scalarsOfEpoch, scalarsOfStep } from "./scalars.js";
import type { EpochRecord, StepRecord, TrackedEnd, TrackedRun, Tracker } from "./tracker.js";
import type { WandbReply, WandbRequest } from "./wandb-messages.js";
import { WANDB_PACKAGE } from "./wandb-session.js";

type WandbConfig = NonNullable<ResolvedConfig["tracking"]["wandb"]>;

export interface WandbModules {
  /** The compiled wandb-worker. */
  worker?: URL;
  /** What stands in for the package @wandb/sdk. */
  sdk?: string;
}

/** The run directory's name, or the one of the config; of several seeds, both what they are of and which. */
function runName(directory: string, given: string | undefined): string {
  const own = basename(directory);
  if (!/^seed-\d+$/.test(own)) return given ?? own;
  return `${given ?? basename(dirname(directory))}-${own}`;
}

/**
 * Weights & Biases, through the package @wandb/sdk if it is installed. It runs in a thread of its own: the SDK exits
 * the process on Ctrl-C, which is when a training saves its last checkpoint, throws where nobody can catch it when the
 * server refuses a run, and prints to the terminal.
 */
export class WandbTracker implements Tracker {
  readonly name = "Weights & Biases";
  private worker: Worker | undefined;
  private failure: Error | undefined;
  /** Of the call that waits for a reply. */
  private settle: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(private readonly config: WandbConfig, private readonly modules: WandbModules = {}) {}

  begin(run: TrackedRun): Promise<void> {
    const mode = process.env["WANDB_MODE"] ?? "online";
    // The SDK heeds none: it sends all the same when disabled, and keeps nothing when offline.
    if (mode !== "online") throw new Error(`WANDB_MODE is ${mode}, so nothing is sent; the SDK cannot keep it here`);
    const { worker: file = new URL("./wandb-worker.js", import.meta.url), sdk = WANDB_PACKAGE } = this.modules;
    const worker = new Worker(file, { workerData: { sdk }, stdout: true, stderr: true });
    worker.unref();
    worker.stdout.resume(); // read and dropped
    worker.stderr.resume();
    worker.on("message", (reply: WandbReply) => { this.take(reply, run); });
    worker.on("error", (error) => { this.fail(error); });
    worker.on("exit", () => { this.fail(new Error("the SDK has ended the thread it ran in")); });
    this.worker = worker;
    const { project, entity, name } = this.config;
    return this.ask({
      type: "begin",
      options: {
        project, name: runName(run.directory, name), ...(entity === undefined ? {} : { entity }), config: run.config,
        settings: { silent: true },
      },
    });
  }

  step(record: StepRecord): void {
    this.tell({ type: "log", step: record.step, scalars: scalarsOfStep(record) });
  }

  epoch(record: EpochRecord): void {
    this.tell({ type: "log", step: record.step, scalars: scalarsOfEpoch(record) });
  }

  end({ status }: TrackedEnd): Promise<void> {
    return this.ask({ type: "finish", exitCode: status === "failed" ? 1 : 0 });
  }

  abandon(): void {
    this.worker?.removeAllListeners("exit");
    void this.worker?.terminate();
  }

  private tell(request: WandbRequest): void {
    if (this.failure !== undefined) throw this.failure;
    this.worker?.postMessage(request);
  }

  private ask(request: WandbRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
      this.tell(request);
    });
  }

  private take(reply: WandbReply, run: TrackedRun): void {
    switch (reply.type) {
      case "begun":
        if (reply.url !== undefined) run.message(`${this.name}: ${reply.url}`);
        break;
      case "finished":
        this.abandon();
        break;
      case "failed":
        this.fail(new Error(reply.reason));
        return;
    }
    this.settle?.resolve();
  }

  private fail(error: Error): void {
    this.failure ??= error;
    this.settle?.reject(this.failure);
  }
}
