import type { WandbReply, WandbRequest } from "../../lib/tracking/wandb-messages.js";
import { WandbSession } from "../../lib/tracking/wandb-session.js";

const begin: WandbRequest = {
  type: "begin", options: { project: "demo", name: "run-1", config: { a: 1 }, settings: { silent: true } },
};

function log(step: number, scalars: Record<string, number>): WandbRequest {
  return { type: "log", step, scalars };
}

/** What the SDK is asked, and what the session replies. */
async function played(requests: WandbRequest[], load?: () => Promise<unknown>): Promise<[unknown[], WandbReply[]]> {
  const calls: unknown[] = [];
  const replies: WandbReply[] = [];
  const sdk = {
    init(options: unknown) {
      calls.push(["init", options]);
      return Promise.resolve({ url: () => "http://localhost/runs/1" });
    },
    log: (...given: unknown[]) => { calls.push(["log", ...given]); },
    finish(code: number) {
      calls.push(["finish", code]);
      return Promise.resolve();
    },
  };
  const session = new WandbSession(load ?? (() => Promise.resolve({ default: sdk })), (reply) => {
    replies.push(reply);
  });
  for (const request of requests) await session.receive(request);
  return [calls, replies];
}

test("the SDK gets one record a step, in order, and is ended", async () => {
  const [calls, replies] = await played([
    begin, log(1, { loss: 3 }), log(2, { loss: 2 }), log(2, { f1: 0.5 }), log(3, { loss: 1 }),
    { type: "finish", exitCode: 1 },
  ]);
  expect(calls).toEqual([
    ["init", { project: "demo", name: "run-1", config: { a: 1 }, settings: { silent: true } }],
    ["log", { loss: 3 }, 1], ["log", { loss: 2, f1: 0.5 }, 2], ["log", { loss: 1 }, 3], ["finish", 1],
  ]);
  expect(replies).toEqual([{ type: "begun", url: "http://localhost/runs/1" }, { type: "finished" }]);
});

function missing(name: string): Error {
  const message = `Cannot find package '${name}' imported from /somewhere/wandb-worker.js`;
  return Object.assign(new Error(message), { code: "ERR_MODULE_NOT_FOUND" });
}

test.each<[string, () => Promise<unknown>, RegExp]>([
  ["is not installed", () => Promise.reject(missing("@wandb/sdk")),
    /^the package @wandb\/sdk is not installed: npm install @wandb\/sdk, or remove tracking\.wandb$/],
  ["lacks a package of its own", () => Promise.reject(missing("graphql")), /^Cannot find package 'graphql'/],
  ["is another one", () => Promise.resolve({ default: { init: "no function" } }), /has no init, log and finish: npm install @wandb\/sdk@0\.5$/],
  ["is empty", () => Promise.resolve(undefined), /has no init, log and finish/],
  ["refuses", () => Promise.resolve({ default: { init: () => Promise.reject(new Error("no key")), log: Boolean, finish: Boolean } }), /^no key$/],
])("a package that %s is told of", async (_, load, reason) => {
  const [, replies] = await played([begin], load);
  expect(replies).toEqual([{ type: "failed", reason: expect.stringMatching(reason) as string }]);
});
