import { createWriteStream, statSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { findOnPath, runCommand } from "./run-command.mjs";

/** Until the server answers, and between two pieces of the answer; milliseconds. */
const CONNECT_TIMEOUT = 10_000;
const STALL_TIMEOUT = 60_000;

/**
 * What the system's words for a connection that does not come about mean.
 * @type {Record<string, string>}
 */
const REASONS = {
  ENOTFOUND: "the host cannot be found from here (ENOTFOUND)",
  EAI_AGAIN: "the host cannot be looked up from here (EAI_AGAIN)",
  ECONNREFUSED: "the host refuses the connection (ECONNREFUSED)",
  ECONNRESET: "the connection broke (ECONNRESET)",
  ENETUNREACH: "there is no network from here (ENETUNREACH)",
  UND_ERR_SOCKET: "the connection broke",
};

/**
 * Downloads one address into a file.
 * @param {string} url
 * @param {string} output
 * @param {(done: number, total: number | undefined) => void} onProgress in bytes
 * @throws {Error} whose message is the reason, short enough to be quoted
 */
export async function download(url, output, onProgress) {
  const variables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
  const proxy = variables.some((name) => (process.env[name] ?? "") !== "");
  if (proxy && url.startsWith("https:") && findOnPath("curl") !== undefined) {
    // Node's own client does not know about proxies before version 24; curl does.
    return await downloadWithCurl(url, output, onProgress);
  }
  const abort = new AbortController();
  let reason = `no answer within ${CONNECT_TIMEOUT / 1000} s`;
  let timer = setTimeout(() => abort.abort(), CONNECT_TIMEOUT);
  const restart = () => {
    clearTimeout(timer);
    reason = `nothing more came for ${STALL_TIMEOUT / 1000} s`;
    timer = setTimeout(() => abort.abort(), STALL_TIMEOUT);
  };
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) {
      throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
    }
    const length = Number(response.headers.get("content-length") ?? NaN);
    const total = Number.isFinite(length) && response.headers.get("content-encoding") === null ? length : undefined;
    let done = 0;
    restart();
    /** @param {AsyncIterable<Buffer>} chunks */
    async function* measured(chunks) {
      for await (const chunk of chunks) {
        restart();
        done += chunk.length;
        onProgress(done, total);
        yield chunk;
      }
    }
    await pipeline(Readable.fromWeb(/** @type {any} */ (response.body)), measured, createWriteStream(output));
    if (total !== undefined && done !== total) {
      throw new Error(`the download stopped after ${done} of ${total} bytes`);
    }
  } catch (error) {
    if (abort.signal.aborted) {
      throw new Error(reason, { cause: error });
    }
    const { cause, message } = /** @type {Error & { cause?: { code?: string, message?: string } }} */ (error);
    throw new Error(REASONS[cause?.code ?? ""] ?? cause?.message ?? message, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * @param {string} url
 * @param {string} output
 * @param {(done: number, total: number | undefined) => void} onProgress
 */
async function downloadWithCurl(url, output, onProgress) {
  const watch = setInterval(
    () => onProgress(statSync(output, { throwIfNoEntry: false })?.size ?? 0, undefined),
    500,
  );
  const { status, lines } = await runCommand("curl", [
    "--fail", "--location", "--silent", "--show-error",
    "--connect-timeout", String(CONNECT_TIMEOUT / 1000),
    "--speed-limit", "1", "--speed-time", String(STALL_TIMEOUT / 1000),
    "--output", output, url,
  ]);
  clearInterval(watch);
  if (status !== 0) {
    throw new Error(lines.at(-1) ?? `curl ended with status ${status}`);
  }
}
