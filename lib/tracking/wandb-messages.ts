import type { Scalars } from "./scalars.js";

// What the two threads of the Weights & Biases tracker say to each other.

/** To the worker. */
export type WandbRequest =
  | { type: "begin"; options: WandbOptions }
  | { type: "log"; step: number; scalars: Scalars }
  | { type: "finish"; exitCode: number };

/** From the worker. */
export type WandbReply =
  | { type: "begun"; url: string | undefined }
  | { type: "finished" }
  | { type: "failed"; reason: string };

/** Of the SDK's `init`. */
export interface WandbOptions {
  project: string;
  entity?: string;
  name: string;
  config: unknown;
  settings: { silent: boolean };
}
