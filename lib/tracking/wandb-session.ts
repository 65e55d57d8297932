import type { Scalars } from "./scalars.js";
import type { WandbOptions, WandbReply, WandbRequest } from "./wandb-messages.js";

export const WANDB_PACKAGE = "@wandb/sdk";

/** What is used of the package @wandb/sdk (0.5). */
export interface WandbSdk {
  init(options: WandbOptions): Promise<{ url?: () => string }>;
  log(data: Scalars, step: number): void;
  finish(exitCode: number): Promise<void>;
}

function isSdk(value: unknown): value is WandbSdk {
  return typeof value === "object" && value !== null
    && ["init", "log", "finish"].every((name) => typeof Reflect.get(value, name) === "function");
}

/** @param imported the module; the SDK is its default export */
function sdkOf(imported: unknown): WandbSdk {
  const sdk: unknown = typeof imported === "object" && imported !== null ? Reflect.get(imported, "default") : undefined;
  if (isSdk(sdk)) return sdk;
  throw new Error(`the installed ${WANDB_PACKAGE} has no init, log and finish: npm install ${WANDB_PACKAGE}@0.5`);
}

function notInstalled(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND"
    && error.message.includes(`'${WANDB_PACKAGE}'`);
}

/** One run at Weights & Biases, as the SDK wants it. */
export class WandbSession {
  private sdk: WandbSdk | undefined;
  /**
   * The newest step, which more may be said of. The SDK takes one record a step: of a second one, were steps recorded
   * one by one, it would put the numbers down to the step after.
   */
  private held: { step: number; scalars: Scalars } | undefined;

  /** @param load imports the package */
  constructor(private readonly load: () => Promise<unknown>, private readonly reply: (message: WandbReply) => void) {}

  /** Never rejects: failures are told in a reply. */
  async receive(request: WandbRequest): Promise<void> {
    try {
      await this.handle(request);
    } catch (error) {
      this.reply({ type: "failed", reason: error instanceof Error ? error.message : String(error) });
    }
  }

  private async handle(request: WandbRequest): Promise<void> {
    switch (request.type) {
      case "begin": {
        const sdk = sdkOf(await this.import());
        const run = await sdk.init(request.options);
        this.sdk = sdk;
        this.reply({ type: "begun", url: run.url?.() });
        return;
      }
      case "log": {
        const { step, scalars } = request;
        if (step !== this.held?.step) this.send();
        this.held = { step, scalars: { ...this.held?.scalars, ...scalars } };
        return;
      }
      case "finish":
        this.send();
        await this.sdk?.finish(request.exitCode);
        this.reply({ type: "finished" });
    }
  }

  private async import(): Promise<unknown> {
    try {
      return await this.load();
    } catch (error) {
      if (!notInstalled(error)) throw error;
      throw new Error(
        `the package ${WANDB_PACKAGE} is not installed: npm install ${WANDB_PACKAGE}, or remove tracking.wandb`,
        { cause: error },
      );
    }
  }

  private send(): void {
    if (this.held !== undefined) this.sdk?.log(this.held.scalars, this.held.step);
    this.held = undefined;
  }
}
