import { existsSync, readdirSync, rmdirSync, statSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { GlobalPointerError } from "../errors.js";
import { readPretrainedDirectory } from "../model/pretrained.js";
import { outputError } from "../storage/output-error.js";
import { makeDirectory, putDirectoryInPlace } from "../storage/whole-directory.js";
import { isWhole } from "./checksum.js";
import { chooseFiles } from "./choose-files.js";
import { HubClient } from "./hub-client.js";
import type { HubSettings } from "./hub-settings.js";
import { checkModelName, checkRevision } from "./model-name.js";
import type { DownloadObserver } from "./observer.js";
import { clearOthers, lockDownload, partialDirectory, requireUsable } from "./partial-directory.js";
import { readRemoteModel, type RemoteFile, type RemoteModel } from "./remote-model.js";
import type { RetryPolicy } from "./retry.js";
import { FileTransfer } from "./transfer.js";

export interface DownloadRequest extends Omit<RetryPolicy, "waiting"> {
  /** `MODEL` or `OWNER/MODEL`. */
  name: string;
  /** A branch, a tag or a commit. */
  revision: string;
  /** The directory that will hold the model. */
  directory: string;
  hub: HubSettings;
  observer: DownloadObserver;
  /** Where the variables of proxies are looked up. */
  environment: NodeJS.ProcessEnv;
}

/** A model that is there. */
export interface DownloadedModel {
  /** As the hub calls it. */
  name: string;
  commit: string;
  directory: string;
  files: RemoteFile[];
  /** False when all of it was there already. */
  fetched: boolean;
  modelType: string;
  numHiddenLayers: number;
  hiddenSize: number;
  /** Tokens of the vocabulary. */
  vocabularySize: number;
}

function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw outputError(path, error); // its path leads through a file, say
  }
}

/**
 * Whether a directory holds a model already, file by file.
 *
 * @throws GlobalPointerError `OUTPUT` when there is something else
 */
async function isThere(
  directory: string, files: readonly RemoteFile[], { name, commit }: RemoteModel,
): Promise<boolean> {
  const status = statusOf(directory);
  if (status === undefined) return false;
  const refuse = (problem: string): never => {
    throw new GlobalPointerError("OUTPUT", `${directory} ${problem}: remove it, or choose another --output.`);
  };
  if (!status.isDirectory()) return refuse("exists already and is not a folder");
  if (readdirSync(directory).length === 0) return false;
  for (const file of files) {
    if (await isWhole(join(directory, file.path), file)) continue;
    const problem = existsSync(join(directory, file.path)) ? `its ${file.path} is not` : `it has not the ${file.path}`;
    return refuse(`exists already, but ${problem} that of ${name} at ${commit}`);
  }
  return true;
}

async function fetchInto(
  directory: string, client: HubClient, model: RemoteModel, observer: DownloadObserver,
): Promise<void> {
  const { descriptions, weights } = chooseFiles(model);
  const partial = partialDirectory(directory);
  try {
    makeDirectory(dirname(partial));
  } catch (error) {
    throw outputError(directory, error);
  }
  const release = lockDownload(directory);
  try {
    makeDirectory(partial);
    clearOthers(partial, [...descriptions, weights]);
    const transfer = new FileTransfer(client, model, partial, observer);
    for (const file of descriptions) await transfer.fetch(file);
    requireUsable(partial, model);
    await transfer.fetch(weights);
    putDirectoryInPlace(partial, directory);
  } catch (error) {
    throw error instanceof Error && "syscall" in error ? outputError(directory, error) : error;
  } finally {
    if (existsSync(partial) && readdirSync(partial).length === 0) rmdirSync(partial);
    release();
  }
}

/**
 * Fetches a model from the hub into a directory, or finds that it is there. The directory appears whole, with every
 * file checked against the hub's hashes, or not at all; what has come when it breaks off is kept beside it, and the
 * same call goes on from there.
 *
 * @throws GlobalPointerError `DOWNLOAD` when the model cannot be fetched or used, `OUTPUT` when it cannot be written;
 * the reason of `signal` when that is aborted
 */
export async function downloadModel(request: DownloadRequest): Promise<DownloadedModel> {
  const { directory, hub, observer, environment, retries, signal, second } = request;
  const [name, revision] = [checkModelName(request.name), checkRevision(request.revision)];
  const client = new HubClient(hub, { name, revision }, {
    retries, signal, ...(second === undefined ? {} : { second }),
    waiting: (reason, seconds) => { observer.waiting(reason, seconds); },
  }, environment);
  const model = await readRemoteModel(client, name, revision);
  const { descriptions, weights } = chooseFiles(model);
  const files = [...descriptions, weights];
  const fetched = !await isThere(directory, files, model);
  if (fetched) {
    observer.begins(model, files);
    await fetchInto(directory, client, model, observer);
  }
  const { shape, vocabulary } = readPretrainedDirectory(directory);
  return {
    name: model.name, commit: model.commit, directory, files, fetched, modelType: shape.modelType,
    numHiddenLayers: shape.numHiddenLayers, hiddenSize: shape.hiddenSize, vocabularySize: vocabulary.size,
  };
}
