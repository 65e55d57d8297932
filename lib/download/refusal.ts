import type { IncomingMessage } from "node:http";
import { GlobalPointerError } from "../errors.js";
import { BrokenConnection } from "./broken-connection.js";

/** What was asked for. */
export interface Subject {
  /** The model's name on the hub. */
  name: string;
  revision: string;
}

/** Statuses that pass: an overloaded server, or too many requests. */
function mayPass(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

function retryAfter({ headers }: IncomingMessage): number {
  const seconds = Number(headers["retry-after"]);
  return Number.isFinite(seconds) ? seconds : 0;
}

/** An answer of a host that the hub has sent us on to; the hub gives out a fresh address for the next attempt. */
export function elsewhereRefused(answer: IncomingMessage, host: string): BrokenConnection {
  return new BrokenConnection(`${host}, where the hub keeps the file, answers ${answer.statusCode ?? 0}`,
    retryAfter(answer));
}

/** What a status of the hub itself means for a person, by its own word for the reason where it gives one. */
export function hubRefused(
  answer: IncomingMessage, { name, revision }: Subject, endpoint: string, hasToken: boolean,
): BrokenConnection | GlobalPointerError {
  const status = answer.statusCode ?? 0;
  if (mayPass(status)) return new BrokenConnection(`${endpoint} answers ${status}`, retryAfter(answer));
  const reason = answer.headers["x-error-code"];
  const refusal = (message: string): GlobalPointerError => new GlobalPointerError("DOWNLOAD", message);
  if (reason === "RevisionNotFound") {
    return refusal(`${name} has no revision ${revision} at ${endpoint}: give a branch, a tag or a commit that it has.`);
  }
  if (reason === "GatedRepo" || status === 403) {
    return refusal(hasToken
      ? `The account of HF_TOKEN may not read ${name} (${status}): ask for access on the model's page, and see that `
        + "the token may read gated models."
      : `${name} is only for those who have been given access (${status}): ask for it on the model's page, and set `
        + "HF_TOKEN to a token of that account.");
  }
  if (status === 401) {
    return refusal(hasToken
      ? `${endpoint} does not accept the token of HF_TOKEN for ${name} (401): check the name and the token, or unset `
        + "HF_TOKEN for a model that is open to all."
      : `${endpoint} has no model ${name} that is open to all (401): check the name; for a private or gated model, set `
        + "HF_TOKEN to a token of an account that may read it.");
  }
  if (status === 404) {
    return refusal(
      `${endpoint} has no model ${name} with a revision ${revision} (404): check the name, with its owner; a private `
      + "model needs HF_TOKEN.",
    );
  }
  return refusal(`${endpoint} answers ${status} for ${name}: check the address given as --endpoint or HF_ENDPOINT.`);
}
