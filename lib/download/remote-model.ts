import { listFiles, modelInfo } from "@huggingface/hub";
import { z } from "zod";
import { GlobalPointerError } from "../errors.js";
import type { HubClient } from "./hub-client.js";
import { checkModelName } from "./model-name.js";

/** A file of a model on the hub. */
export interface RemoteFile {
  /** Name, with folders and slashes. */
  path: string;
  /** Bytes. */
  size: number;
  /** Of large files (LFS) the SHA-256, of others git's SHA-1 of the blob; in hexadecimal digits. */
  hash: { algorithm: "sha256" | "git-sha1"; digest: string };
}

/** What the hub has of a model at one commit. */
export interface RemoteModel {
  /** As the hub calls it, which is not always as it was asked for: models move. */
  name: string;
  commit: string;
  files: RemoteFile[];
}

const infoSchema = z.object({ name: z.string(), sha: z.string().regex(/^[0-9a-f]{40}$/) });

const size = z.number().int().min(0);

const fileSchema = z.union([
  z.object({ path: z.string(), lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size }) })
    .transform(({ path, lfs }): RemoteFile =>
      ({ path, size: lfs.size, hash: { algorithm: "sha256", digest: lfs.oid } })),
  z.object({ path: z.string(), oid: z.string().regex(/^[0-9a-f]{40}$/), size })
    .transform(({ path, oid, size: bytes }): RemoteFile =>
      ({ path, size: bytes, hash: { algorithm: "git-sha1", digest: oid } })),
]);

/**
 * Asks the hub for the commit of a revision and the files at the root of it. From here on everything is asked for by
 * the commit, so that a model that changes meanwhile cannot come in pieces of both.
 *
 * @throws GlobalPointerError `DOWNLOAD`
 */
export async function readRemoteModel(client: HubClient, name: string, revision: string): Promise<RemoteModel> {
  const { settings: { endpoint }, policy: { signal } } = client;
  const asked = { hubUrl: endpoint, fetch: client.fetch };
  try {
    const info = infoSchema.parse(await modelInfo({ ...asked, name, revision, additionalFields: ["sha"] }));
    const files: RemoteFile[] = [];
    for await (const entry of listFiles({ ...asked, repo: checkModelName(info.name), revision: info.sha })) {
      if (entry.type === "file") files.push(fileSchema.parse(entry));
    }
    return { name: info.name, commit: info.sha, files };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof GlobalPointerError) throw error;
    throw new GlobalPointerError(
      "DOWNLOAD", `${endpoint} does not answer as a Hugging Face hub does: check the address given as --endpoint or `
      + "HF_ENDPOINT.", { cause: error },
    );
  }
}
