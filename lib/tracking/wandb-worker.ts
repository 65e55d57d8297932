import { parentPort, workerData } from "node:worker_threads";
import type { WandbReply, WandbRequest } from "./wandb-messages.js";
import { WandbSession } from "./wandb-session.js";

/** A thread of its own for Weights & Biases; wandb.ts says why. */

const { sdk } = workerData as { sdk: string };
const reply = (message: WandbReply): void => { parentPort?.postMessage(message); };
const session = new WandbSession(() => import(sdk), reply);

// The SDK prints what it could not send, and goes on.
console.error = (...parts: unknown[]): void => {
  const reason = parts.map((part) => part instanceof Error ? part.message : String(part)).join(" ");
  reply({ type: "failed", reason: reason.replace(/: \{"response":.*/s, "") }); // the request, word for word
};

parentPort?.on("message", (request: WandbRequest) => { void session.receive(request); });
