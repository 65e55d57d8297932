// gp-download against a hub on this machine: what is fetched, and how it goes on after a break.
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectRefusal, filesBelow } from "../support/commands.js";
import { DIRECTORY, downloadBench, NAME, PARTIAL } from "../support/download-bench.js";
import { commitOf, fixtureModel, sha256 } from "../support/hub-server.js";

const bench = downloadBench();
const { hub } = bench;

describe("fetches", () => {
  test("what is needed and nothing else, and tells what it is and how to use it", async () => {
    const { status, stdout, stderr } = await bench.download();
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    bench.expectModel();
    expect(stdout).toBe(
      `${NAME} at ${commitOf(bench.model)}: 3 files, 14.7 kB\n`
      + "config.json: 418 B, checked\nvocab.txt: 144 B, checked\nmodel.safetensors: 14.1 kB, checked\n"
      + `wrote ${DIRECTORY}: bert, layers: 1, width: 16, tokens in the vocabulary: 33\n`
      + `to train on it, write "encoder": { "pretrained": "${DIRECTORY}" } into a config; a relative path starts from `
      + "the config's folder\n",
    );
    expect(hub.transfers()).toEqual([
      "hub config.json", "hub vocab.txt", "hub model.safetensors", `storage ${sha256(bench.weights())}`,
    ]);
  });

  test("safetensors rather than a state dict, and the settings of the tokenizer", async () => {
    bench.serve(fixtureModel("with-both", { "tokenizer_config.json": "{\"do_lower_case\":false}" }));
    expect(await bench.download()).toMatchObject({ status: 0, stderr: "" });
    bench.expectModel(["config.json", "vocab.txt", "tokenizer_config.json", "model.safetensors"]);
  });

  test("a state dict where there is nothing else; an --output; a model that has moved", async () => {
    bench.serve(fixtureModel("with-bin"));
    hub.models.set("owner/new-name", bench.model);
    hub.moved.set("old-name", "owner/new-name");
    const outcome = await bench.download(["old-name", "--output", bench.at("deep", "down", "model")]);
    expect(outcome).toMatchObject({ status: 0, stderr: "" });
    expect(outcome.stdout).toContain("owner/new-name at ");
    bench.expectModel(["config.json", "vocab.txt", "pytorch_model.bin"], join("deep", "down", "model"));
  });

  test("from --endpoint rather than HF_ENDPOINT, and a --revision", async () => {
    bench.model.revisions = ["refs/pr/1"];
    const args = [NAME, "--endpoint", `${hub.endpoint}/`, "--revision", "refs/pr/1"];
    expect(await bench.download(args, { HF_ENDPOINT: "http://127.0.0.1:1" })).toMatchObject({ status: 0, stderr: "" });
    bench.expectModel();
    const resolved = hub.requests.filter(({ path }) => path.includes("/resolve/"));
    expect(resolved.filter(({ path }) => !path.includes(commitOf(bench.model)))).toEqual([]);
  });

  test("with --json, one object on stdout and the rest on stderr", async () => {
    const { status, stdout, stderr } = await bench.download([NAME, "--json"]);
    expect(status).toBe(0);
    expect(stderr).toContain("model.safetensors: 14.1 kB, checked\n");
    expect(JSON.parse(stdout)).toEqual({
      name: NAME, commit: commitOf(bench.model), directory: DIRECTORY, fetched: true, modelType: "bert",
      numHiddenLayers: 1, hiddenSize: 16, vocabularySize: 33,
      files: [
        { path: "config.json", size: 418, "git-sha1": expect.stringMatching(/^[0-9a-f]{40}$/) as string },
        { path: "vocab.txt", size: 144, "git-sha1": expect.stringMatching(/^[0-9a-f]{40}$/) as string },
        { path: "model.safetensors", size: bench.weights().length, sha256: sha256(bench.weights()) },
      ],
    });
  });
});

describe("what is there already", () => {
  beforeEach(async () => {
    expect(await bench.download()).toMatchObject({ status: 0 });
    hub.forget();
  });

  test("is told, and nothing is fetched, when it is the same", async () => {
    bench.model.files["README.md"] = Buffer.from("another commit, but none of the files that are used");
    const outcome = await bench.download();
    expect(outcome).toMatchObject({ status: 0, stderr: "" });
    expect(outcome.stdout).toMatch(/^pretrained_models\/tiny-bert is there already, and the same as someone\/tiny-bert at /);
    expect(hub.transfers()).toEqual([]);
    bench.expectModel();
  });

  test("is refused when the hub has another, or a file is missing or is not a model's", async () => {
    const vocabulary = bench.model.files["vocab.txt"] ?? Buffer.alloc(0);
    bench.model.files["vocab.txt"] = Buffer.concat([vocabulary, Buffer.from("new\n")]);
    expectRefusal(await bench.download(), /tiny-bert exists already, but its vocab\.txt is not that of .* at [0-9a-f]{40}: remove it, or choose another --output\. \[OUTPUT\]/);
    bench.model.files["vocab.txt"] = vocabulary;
    rmSync(bench.at(DIRECTORY, "model.safetensors"));
    expectRefusal(await bench.download(), /tiny-bert exists already, but it has not the model\.safetensors that of/);
    expectRefusal(await bench.download([NAME, "--output", join(DIRECTORY, "vocab.txt")]), /vocab\.txt exists already and is not a folder: remove it/);
    expect(hub.transfers()).toEqual([]);
    expect(filesBelow(bench.at(DIRECTORY))).toEqual(["config.json", "vocab.txt"]);
  });
});

describe("after a break", () => {
  const CUT = 5000;
  const breakWeights = (fault: { breakAfter?: number; holdAfter?: number }): void => {
    hub.fault = ({ server }) => (server === "storage" ? fault : undefined);
  };
  const onlyTheRest = (): string[] =>
    ["hub model.safetensors bytes=5000-", `storage ${sha256(bench.weights())} bytes=${CUT}-`];

  test("of the connection, the next run asks only for the rest", async () => {
    breakWeights({ breakAfter: CUT });
    expectRefusal(await bench.download([NAME, "--retries", "0"]), /^gp-download: Fetching model\.safetensors failed: 127\.0\.0\.1:\d+: the connection broke \(ECONNRESET\); what has come so far is kept, and the same command goes on where it stopped\. \[DOWNLOAD\]\n$/);
    expect(bench.partOfWeights().equals(bench.weights().subarray(0, CUT))).toBe(true);
    expect(existsSync(bench.at(DIRECTORY))).toBe(false);
    bench.calmHub();
    const outcome = await bench.download();
    expect(outcome).toMatchObject({ status: 0, stderr: "" });
    expect(outcome.stdout).toContain("model.safetensors: going on from 5.0 kB of 14.1 kB\n");
    expect(hub.transfers()).toEqual(onlyTheRest());
    bench.expectModel();
  });

  test("the same run goes on by itself, and after busy answers too", async () => {
    const faults = [{ breakAfter: CUT }, { status: 503, headers: { "retry-after": "0" } }];
    hub.fault = ({ server }) => (server === "storage" ? faults.shift() : undefined);
    const outcome = await bench.download();
    expect(outcome).toMatchObject({ status: 0, stderr: "" });
    expect(outcome.stdout).toMatch(/the connection broke \(ECONNRESET\); trying again in 1 s\n.*answers 503; trying again in 2 s\n/);
    expect(hub.transfers().slice(-2)).toEqual(onlyTheRest());
    bench.expectModel();
  });

  test("a listing that is not had at once is asked for again", async () => {
    const faults = [{ status: 503 }];
    hub.fault = () => faults.shift();
    expect(await bench.download()).toMatchObject({ status: 0, stderr: "" });
  });

  test.each(["SIGKILL", "SIGINT"] as const)("by %s, the next run asks only for the rest", async (signal) => {
    breakWeights({ holdAfter: CUT });
    const command = bench.start();
    await command.saying("vocab.txt: ");
    while (bench.partOfWeights().length < CUT) await new Promise((resolve) => { setTimeout(resolve, 20); });
    command.child.kill(signal);
    const { status, stderr } = await command.ended;
    if (signal === "SIGINT") {
      expect(status).toBe(130);
      expect(stderr).toMatch(/gp-download: stopped; what has come is kept in .*tiny-bert\.partial; the same command goes on/);
    }
    expect(existsSync(bench.at(DIRECTORY))).toBe(false);
    bench.calmHub();
    expect(await bench.download()).toMatchObject({ status: 0, stderr: "" });
    expect(hub.transfers()).toEqual(onlyTheRest());
    bench.expectModel();
  });

  test("a model that has changed meanwhile is begun anew, one whose file is the same is not", async () => {
    breakWeights({ breakAfter: CUT });
    expect(await bench.download([NAME, "--retries", "0"])).toMatchObject({ status: 1 });
    bench.calmHub();
    const old = bench.weights();
    bench.model.files["model.safetensors"] = Buffer.concat([old, Buffer.from("more")]);
    const vocabulary = bench.model.files["vocab.txt"] ?? Buffer.alloc(0);
    bench.model.files["vocab.txt"] = Buffer.concat([vocabulary, Buffer.from("\n")]);
    expect(await bench.download()).toMatchObject({ status: 0, stderr: "" });
    expect(hub.transfers()).toEqual(["hub vocab.txt", "hub model.safetensors", `storage ${sha256(bench.weights())}`]);
    bench.expectModel();
  });

  test("a server that knows no ranges gives all of it again", async () => {
    breakWeights({ breakAfter: CUT });
    expect(await bench.download([NAME, "--retries", "0"])).toMatchObject({ status: 1 });
    hub.fault = () => ({ ignoreRange: true });
    expect(await bench.download()).toMatchObject({ status: 0, stderr: "" });
    bench.expectModel();
  });

  test("a second process is kept out meanwhile", async () => {
    breakWeights({ holdAfter: CUT });
    const command = bench.start();
    await command.saying("vocab.txt: ");
    expectRefusal(await bench.download(), /tiny-bert is being fetched already \(.*tiny-bert\.lock is held by process \d+\): wait/);
    command.child.kill("SIGTERM");
    expect(await command.ended).toMatchObject({ status: 143 });
  });
});

describe("content that is not what the hub announces", () => {
  test("of another hash is removed, and the next run begins anew", async () => {
    hub.fault = ({ server }) => (server === "storage" ? { body: Buffer.alloc(bench.weights().length) } : undefined);
    const message = /^gp-download: model\.safetensors of someone\/tiny-bert has another hash than the hub announces; what came of it is removed: run the same command again, .* \[DOWNLOAD\]\n$/;
    expectRefusal(await bench.download(), message);
    expect(readdirSync(bench.at(PARTIAL)).sort()).toEqual(["config.json", "vocab.txt"]);
    expect(existsSync(bench.at(DIRECTORY))).toBe(false);
    hub.fault = () => undefined;
    expect(await bench.download()).toMatchObject({ status: 0, stderr: "" });
    bench.expectModel();
  });

  test("of a small file too", async () => {
    hub.fault = ({ path }) => (path.endsWith("/vocab.txt") ? { body: Buffer.alloc(144) } : undefined);
    expectRefusal(await bench.download(), /vocab\.txt of someone\/tiny-bert has another hash than the hub announces/);
  });

  test("of another size is not taken, and what had come stays", async () => {
    hub.fault = ({ server }) => (server === "storage" ? { breakAfter: 5000 } : undefined);
    expect(await bench.download([NAME, "--retries", "0"])).toMatchObject({ status: 1 });
    const page = Buffer.from("<html>Please log in</html>");
    hub.fault = ({ server }) => (server === "storage" ? { ignoreRange: true, body: page } : undefined);
    expectRefusal(await bench.download(), /has 26 bytes for model\.safetensors, but the hub announces 14144: /);
    expect(bench.partOfWeights().length).toBe(5000);
  });

  test("a part that was damaged on the disk is found", async () => {
    hub.fault = ({ server }) => (server === "storage" ? { breakAfter: 5000 } : undefined);
    expect(await bench.download([NAME, "--retries", "0"])).toMatchObject({ status: 1 });
    const [part = ""] = readdirSync(bench.at(PARTIAL)).filter((name) => name.endsWith(".part"));
    writeFileSync(bench.at(PARTIAL, part), Buffer.alloc(5000));
    hub.fault = () => undefined;
    expectRefusal(await bench.download(), /model\.safetensors of .* has another hash/);
    expect(await bench.download()).toMatchObject({ status: 0, stderr: "" });
  });
});
