// A model hub on this machine, in the parts that gp-download speaks to: a model's commit, its files page by page, their
// content, where large ones are kept by another server (another origin) that the hub sends the asker on to.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { projectRoot } from "./commands.js";

export interface HubModel {
  files: Record<string, Buffer>;
  /** Names that lead to the default branch's commit too. */
  revisions?: string[];
  /** Which tokens may read it, where not everybody may; a gated model is listed to everybody. */
  readers?: string[];
  gated?: boolean;
}

export interface SeenRequest {
  server: "hub" | "storage";
  path: string;
  range: string | undefined;
  authorization: string | undefined;
}

/** What goes wrong with an answer, in the place of what should come. */
export interface Fault {
  status?: number;
  headers?: Record<string, string>;
  body?: Buffer;
  /** The connection is cut after so many bytes of the answer's body. */
  breakAfter?: number;
  /** Nothing more comes after so many bytes. */
  holdAfter?: number;
  ignoreRange?: boolean;
}

const PAGE = 3;
const LARGE = /\.(?:safetensors|bin|h5|onnx|msgpack)$/;

export const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

function gitSha1(content: Buffer): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** One of the directories of test/fixtures/weights/directories, as a model. */
export function fixtureModel(directory: string, more: Record<string, string> = {}): HubModel {
  const folder = join(projectRoot, "test", "fixtures", "weights", "directories", directory);
  const files = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const);
  const others = Object.entries(more).map(([name, text]) => [name, Buffer.from(text)] as const);
  return { files: Object.fromEntries([...files, ...others]) };
}

export function commitOf({ files }: HubModel): string {
  const content = Object.entries(files).map(([name, bytes]) => `${name} ${gitSha1(bytes)}\n`).join("");
  return createHash("sha1").update(content).digest("hex");
}

export class HubServer {
  readonly models = new Map<string, HubModel>();
  /** Old names of models. */
  readonly moved = new Map<string, string>();
  readonly requests: SeenRequest[] = [];
  /** Decides what goes wrong. */
  fault: (request: SeenRequest) => Fault | undefined = () => undefined;
  /** The addresses by which the two servers are known. */
  endpoint = "";
  storage = "";
  readonly #servers: Server[] = [];

  /** @param tls key and certificate of both servers */
  async start(tls?: { key: Buffer; cert: Buffer }): Promise<this> {
    const scheme = tls === undefined ? "http" : "https";
    this.endpoint = `${scheme}://127.0.0.1:${await this.#listen("hub", tls)}`;
    this.storage = `${scheme}://127.0.0.1:${await this.#listen("storage", tls)}`;
    return this;
  }

  /** Back to a hub without models, requests and faults. */
  reset(): void {
    this.models.clear();
    this.moved.clear();
    this.forget();
    this.fault = () => undefined;
  }

  /** Forgets what was asked. */
  forget(): void {
    this.requests.length = 0;
  }

  /** What was asked for, but for the listing: "hub config.json", "storage HASH bytes=10-". */
  transfers(): string[] {
    return this.requests.filter(({ path }) => !path.startsWith("/api/"))
      .map(({ server, path, range }) => [server, path.split("/").at(-1), range].filter(Boolean).join(" "));
  }

  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    })));
  }

  async #listen(name: "hub" | "storage", tls: { key: Buffer; cert: Buffer } | undefined): Promise<number> {
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      this.#answer(name, request, response);
    };
    const server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
    this.#servers.push(server);
    await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
    return (server.address() as AddressInfo).port;
  }

  #answer(server: "hub" | "storage", { url = "", headers }: IncomingMessage, response: ServerResponse): void {
    const { pathname: path, searchParams } = new URL(url, "http://any");
    const seen = { server, path, range: headers.range, authorization: headers.authorization };
    this.requests.push(seen);
    const fault = this.fault(seen) ?? {};
    if (fault.status !== undefined) {
      response.writeHead(fault.status, fault.headers).end(fault.body);
    } else if (server === "storage") {
      this.#send(response, this.#stored(path.slice(1)), seen, fault);
    } else {
      this.#answerAsHub(seen, searchParams, response, fault);
    }
  }

  #answerAsHub(seen: SeenRequest, query: URLSearchParams, response: ServerResponse, fault: Fault): void {
    const [, api, asked = "", action = "", revision = "", file = ""] =
      /^\/(api\/models\/)?(.+?)\/(revision|tree|resolve)\/([^/]+)(?:\/(.+))?$/.exec(seen.path) ?? [];
    const name = this.moved.get(asked);
    if (name !== undefined) {
      const location = `${seen.path.replace(asked, name)}?${query.toString()}`;
      response.writeHead(307, { location }).end();
      return;
    }
    const refuse = (status: number, reason: string): void => {
      response.writeHead(status, { "x-error-code": reason, "content-type": "application/json" })
        .end(JSON.stringify({ error: reason }));
    };
    const model = this.models.get(asked);
    const allowed = model?.readers?.some((token) => seen.authorization === `Bearer ${token}`) ?? true;
    if (model === undefined || (!allowed && model.gated !== true)) {
      refuse(seen.authorization === undefined ? 401 : 404, "RepoNotFound"); // as the hub answers strangers
      return;
    }
    const commit = commitOf(model);
    if (![commit, "main", ...model.revisions ?? []].includes(decodeURIComponent(revision))) {
      refuse(404, "RevisionNotFound");
    } else if (api !== undefined && action === "revision") {
      this.#json(response, { _id: "1", id: asked, sha: commit, private: false, gated: model.gated ?? false });
    } else if (api !== undefined) {
      this.#list(response, model, `${this.endpoint}${seen.path}`, Number(query.get("cursor") ?? 0));
    } else if (!allowed) {
      refuse(seen.authorization === undefined ? 401 : 403, "GatedRepo");
    } else {
      this.#resolve(response, model, file, seen, fault);
    }
  }

  #json(response: ServerResponse, content: unknown, headers: Record<string, string> = {}): void {
    response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(content));
  }

  #list(response: ServerResponse, { files }: HubModel, address: string, from: number): void {
    const entries = [{ type: "directory", oid: "0".repeat(40), size: 0, path: "onnx" },
      ...Object.entries(files).map(([path, content]) => ({
        type: "file", path, size: content.length, oid: gitSha1(content),
        ...(LARGE.test(path) ? { lfs: { oid: sha256(content), size: content.length, pointerSize: 134 } } : {}),
      }))];
    const next = from + PAGE;
    this.#json(response, entries.slice(from, next), next < entries.length
      ? { link: `<${address}?recursive=false&expand=false&cursor=${next}>; rel="next"` } : {});
  }

  #resolve(response: ServerResponse, model: HubModel, file: string, seen: SeenRequest, fault: Fault): void {
    const content = model.files[file];
    const commit = { "x-repo-commit": commitOf(model) };
    if (content === undefined) {
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
    } else if (LARGE.test(file)) {
      const hash = sha256(content);
      response.writeHead(302, {
        ...commit, "location": `${this.storage}/${hash}`, "x-linked-size": content.length, "x-linked-etag": `"${hash}"`,
      }).end();
    } else {
      this.#send(response, content, seen, fault, { ...commit, etag: `"${gitSha1(content)}"` });
    }
  }

  #stored(hash: string): Buffer | undefined {
    return [...this.models.values()].flatMap(({ files }) => Object.values(files))
      .find((content) => sha256(content) === hash);
  }

  #send(
    response: ServerResponse, stored: Buffer | undefined, { range }: SeenRequest, fault: Fault,
    headers: Record<string, string> = {},
  ): void {
    const content = fault.body ?? stored;
    if (content === undefined) {
      response.writeHead(404).end();
      return;
    }
    const start = fault.ignoreRange === true ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    const part = content.subarray(start);
    response.writeHead(start === 0 ? 200 : 206, {
      ...headers, ...fault.headers, "content-length": part.length, "accept-ranges": "bytes",
      ...(start === 0 ? {} : { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` }),
    });
    const cut = fault.breakAfter ?? fault.holdAfter;
    if (cut === undefined) response.end(part);
    else response.write(part.subarray(0, cut), () => { if (fault.breakAfter !== undefined) response.destroy(); });
  }
}
