import type { Hash } from "node:crypto";
import { existsSync, renameSync, rmSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { outputError } from "../storage/output-error.js";
import { BrokenConnection } from "./broken-connection.js";
import { feed, isWhole, startHash } from "./checksum.js";
import type { HubClient } from "./hub-client.js";
import type { DownloadObserver } from "./observer.js";
import type { RemoteFile, RemoteModel } from "./remote-model.js";
import { withRetries } from "./retry.js";

// @huggingface/hub lists files, but its own download begins a file anew after a break, compares no hash and makes no
// second attempt. So files are fetched here: one after the other, by Range from where the last attempt ended, hashed on
// the way.

/** Where the bytes of a file are kept until they are whole: named by their hash, so that no others get among them. */
export function partName({ path, hash }: RemoteFile): string {
  return `${path}.${hash.digest}.part`;
}

/** What comes is not what the hub's listing announces. */
class Mismatch extends Error {}

/** The part of a file that is there. */
class PartialFile {
  received = 0;
  #hash: Hash;

  private constructor(private readonly handle: FileHandle, private readonly file: RemoteFile) {
    this.#hash = startHash(file);
  }

  static async open(path: string, file: RemoteFile): Promise<PartialFile> {
    const part = new PartialFile(await open(path, existsSync(path) ? "r+" : "w+"), file);
    const { size } = await part.handle.stat();
    if (size > file.size) {
      await part.restart();
    } else {
      await feed(part.#hash, path);
      part.received = size;
    }
    return part;
  }

  async restart(): Promise<void> {
    await this.handle.truncate(0);
    this.received = 0;
    this.#hash = startHash(this.file);
  }

  async append(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      const { bytesWritten } = await this.handle.write(rest, 0, rest.length, this.received);
      this.#hash.update(rest.subarray(0, bytesWritten)); // a disk that fills up takes the beginning
      this.received += bytesWritten;
      rest = rest.subarray(bytesWritten);
    }
  }

  /** Of a file that is there to its last byte; once only. */
  isAsAnnounced(): boolean {
    return this.#hash.digest("hex") === this.file.hash.digest;
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

/** The first byte that an answer brings, and the size of the whole file where it tells. */
function extent({ statusCode, headers }: IncomingMessage): { from: number; whole: number | undefined } {
  const [, from, whole] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  if (statusCode === 206 && from !== undefined) {
    return { from: Number(from), whole: whole === "*" ? undefined : Number(whole) };
  }
  const length = Number(headers["content-length"] ?? NaN);
  return { from: 0, whole: Number.isNaN(length) ? undefined : length };
}

/** Fetches the files of one model into a folder. */
export class FileTransfer {
  constructor(
    private readonly client: HubClient, private readonly model: RemoteModel, private readonly folder: string,
    private readonly observer: DownloadObserver,
  ) {}

  /**
   * Brings one file into the folder, from where an earlier attempt ended.
   *
   * @throws GlobalPointerError `DOWNLOAD` when it does not come, or is not what was announced and therefore removed;
   * `OUTPUT` when it cannot be written. What has come of it else stays, and the next call goes on from there.
   */
  async fetch(file: RemoteFile): Promise<void> {
    const target = join(this.folder, file.path);
    if (!await isWhole(target, file)) {
      const part = join(this.folder, partName(file));
      try {
        await this.#complete(part, file);
        renameSync(part, target);
      } catch (error) {
        if (error instanceof Error && "syscall" in error) throw outputError(this.folder, error);
        if (!(error instanceof Mismatch)) throw error;
        rmSync(part, { force: true });
        throw new GlobalPointerError(
          "DOWNLOAD", `${file.path} of ${this.model.name} ${error.message}; what came of it is removed: run the same `
          + "command again, or try another --endpoint.", { cause: error },
        );
      }
    }
    this.observer.fileEnds(file);
  }

  async #complete(path: string, file: RemoteFile): Promise<void> {
    const part = await PartialFile.open(path, file);
    try {
      this.observer.fileBegins(file, part.received);
      await withRetries(
        () => this.#attempt(part, file), `Fetching ${file.path}`,
        "what has come so far is kept, and the same command goes on where it stopped", this.client.policy,
        () => part.received,
      );
      if (!part.isAsAnnounced()) throw new Mismatch("has another hash than the hub announces");
    } finally {
      await part.close();
      if (part.received === 0 && file.size > 0) rmSync(path, { force: true }); // nothing to go on from
    }
  }

  async #attempt(part: PartialFile, file: RemoteFile): Promise<void> {
    if (part.received === file.size) return;
    const { name, commit } = this.model;
    const opened = await this.client.open(
      new URL(`${this.client.settings.endpoint}/${name}/resolve/${commit}/${file.path}`),
      part.received === 0 ? {} : { Range: `bytes=${part.received}-` },
    );
    const { answer, url } = opened;
    const { from, whole } = extent(answer);
    if (answer.statusCode === 416 || (whole !== undefined && whole !== file.size)) {
      answer.destroy();
      throw new GlobalPointerError(
        "DOWNLOAD", `${url.host} has ${whole === undefined ? "fewer" : String(whole)} bytes for ${file.path}, but the `
        + `hub announces ${file.size}: try again later, or another --endpoint.`,
      );
    }
    if (from !== part.received) {
      if (from !== 0) throw new BrokenConnection(`${url.host}: another range came than was asked for`);
      await part.restart(); // a server without ranges
    }
    for await (const chunk of this.client.body(opened)) {
      if (part.received + chunk.length > file.size) {
        throw new Mismatch(`has more than the ${file.size} bytes that the hub announces`);
      }
      await part.append(chunk);
      this.observer.fileGrows(file, part.received);
    }
    if (part.received < file.size) throw new BrokenConnection(`${url.host}: the answer ended too early`);
  }
}
