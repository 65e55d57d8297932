// What the tests of gp-download share: a hub with one small model, a fresh folder a test, and the command.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  filesBelow, runCommand, startCommand, temporaryFolder, type Outcome, type RunningCommand,
} from "./commands.js";
import { fixtureModel, HubServer, sha256, type HubModel } from "./hub-server.js";

export const NAME = "someone/tiny-bert";
export const DIRECTORY = join("pretrained_models", "tiny-bert");
export const PARTIAL = `${DIRECTORY}.partial`;

const USUAL_FILES = ["config.json", "vocab.txt", "model.safetensors"];

export class DownloadBench {
  readonly hub = new HubServer();
  /** Fresh for each test. */
  folder = "";
  /** The model that the hub has under NAME. */
  model: HubModel = { files: {} };

  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Puts a model in the place of the one that the hub has. */
  serve(model: HubModel): void {
    this.model = model;
    this.hub.models.set(NAME, model);
  }

  /** The hub as it is in the beginning, with the model as it is now. */
  calmHub(): void {
    this.hub.reset();
    this.hub.models.set(NAME, this.model);
  }

  download(args: readonly string[] = [NAME], env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return runCommand("gp-download", args, { cwd: this.folder, env: this.#environment(env) });
  }

  start(args: readonly string[] = [NAME]): RunningCommand {
    return startCommand("gp-download", args, { cwd: this.folder, env: this.#environment() });
  }

  weights(): Buffer {
    return this.model.files["model.safetensors"] ?? Buffer.alloc(0);
  }

  /** What there is of the weights so far. */
  partOfWeights(): Buffer {
    const part = this.at(PARTIAL, `model.safetensors.${sha256(this.weights())}.part`);
    return existsSync(part) ? readFileSync(part) : Buffer.alloc(0);
  }

  /** The directory holds these files as the hub has them, no others, and nothing is left beside it. */
  expectModel(files: readonly string[] = USUAL_FILES, directory = DIRECTORY): void {
    expect(filesBelow(this.at(directory))).toEqual([...files].sort());
    for (const name of files) {
      const content = readFileSync(this.at(directory, name));
      expect({ name, same: content.equals(this.model.files[name] ?? Buffer.alloc(0)) }).toEqual({ name, same: true });
    }
    const beside = readdirSync(this.at(directory, ".."));
    expect(beside.filter((name) => /partial|lock|previous/.test(name))).toEqual([]);
  }

  /** None of the variables that the machine itself may have. */
  #environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const proxies = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];
    const none = Object.fromEntries(proxies.flatMap((name) => [[name, ""], [name.toUpperCase(), ""]]));
    return { ...none, HF_ENDPOINT: this.hub.endpoint, HF_TOKEN: "", ...more };
  }
}

/** For the top of a test file: a hub for all its tests, and a model and a folder for each. */
export function downloadBench(): DownloadBench {
  const bench = new DownloadBench();
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(async () => { await bench.hub.start(); });
  afterAll(async () => { await bench.hub.close(); });
  beforeEach(() => {
    folder = temporaryFolder();
    bench.folder = folder.path;
    bench.hub.reset();
    bench.serve(fixtureModel("with-safetensors", {
      "README.md": "# A model\n", "tf_model.h5": "of another framework",
    }));
  });
  afterEach(() => { folder.remove(); });
  return bench;
}
