// gp-download against a hub on this machine: what it refuses and how it says so, tokens, and proxies.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectRefusal, filesBelow } from "../support/commands.js";
import { downloadBench, NAME, PARTIAL } from "../support/download-bench.js";
import { fixtureModel, HubServer, sha256, type HubModel } from "../support/hub-server.js";
import { startProxy } from "../support/proxy-server.js";

const bench = downloadBench();
const { hub } = bench;

describe("a model that cannot be used is refused before its weights are asked for:", () => {
  const config = (): Record<string, unknown> =>
    JSON.parse(bench.model.files["config.json"]?.toString() ?? "") as Record<string, unknown>;
  const setConfig = (changes: object): void => {
    bench.model.files["config.json"] = Buffer.from(JSON.stringify({ ...config(), ...changes }));
  };
  const remove = (name: string): void => {
    bench.model.files = Object.fromEntries(Object.entries(bench.model.files).filter(([other]) => other !== name));
  };

  test.each<[string, () => void, RegExp]>([
    ["its type", () => { setConfig({ model_type: "gpt2" }); }, /someone\/tiny-bert cannot be used, its weights were not fetched: config\.json cannot be used \("model_type": is "gpt2"/],
    ["its vocabulary", () => { bench.model.files["vocab.txt"] = Buffer.from("a\nb\n"); }, /cannot be used, its weights were not fetched: The vocabulary vocab\.txt has no line "\[UNK\]"/],
    ["no config", () => { remove("config.json"); }, /someone\/tiny-bert has no config\.json/],
    ["no vocabulary", () => { remove("vocab.txt"); }, /someone\/tiny-bert has no vocab\.txt: only WordPiece/],
    ["byte-level BPE", () => {
      remove("vocab.txt");
      Object.assign(bench.model.files, { "vocab.json": Buffer.from("{}"), "merges.txt": Buffer.from("") });
    }, /has no vocab\.txt \(its tokenizer is a byte-level BPE\): only WordPiece/],
    ["split weights", () => {
      bench.serve(fixtureModel("sharded"));
    }, /has its weights split into several files \(model\.safetensors\.index\.json\), which is not supported/],
    ["no weights", () => { remove("model.safetensors"); }, /has neither model\.safetensors nor pytorch_model\.bin/],
  ])("%s", async (_, change, message) => {
    change();
    expectRefusal(await bench.download(), message);
    expect(hub.transfers().filter((line) => !/(config\.json|vocab\.txt)$/.test(line))).toEqual([]);
    expect(filesBelow(bench.folder)).toEqual([]);
    expect(existsSync(bench.at(PARTIAL))).toBe(false);
  });
});

describe("access", () => {
  const TOKEN = "hf_secret";

  test("the token goes to the hub and to nobody else", async () => {
    bench.model.readers = [TOKEN];
    expect(await bench.download([NAME], { HF_TOKEN: TOKEN })).toMatchObject({ status: 0, stderr: "" });
    const told = (server: string): unknown[] => {
      const requests = hub.requests.filter((request) => request.server === server);
      return [...new Set(requests.map(({ authorization }) => authorization))];
    };
    expect(told("hub")).toEqual([`Bearer ${TOKEN}`]);
    expect(told("storage")).toEqual([undefined]);
  });

  test.each<[string, Partial<HubModel> | undefined, string, RegExp]>([
    ["a name that is not there, without a token", undefined, "", /has no model someone\/tiny-bert that is open to all \(401\): check the name; .* HF_TOKEN/],
    ["a name that is not there, with one", undefined, TOKEN, /has no model someone\/tiny-bert with a revision main \(404\): check the name, with its owner; a private model needs HF_TOKEN/],
    ["a private model", { readers: ["hf_other"] }, "", /that is open to all \(401\).*; for a private or gated model, set HF_TOKEN/],
    ["a gated model", { readers: ["hf_other"], gated: true }, "", /is only for those who have been given access \(401\): ask for it on the model's page, and set HF_TOKEN/],
    ["a gated model, for others", { readers: ["hf_other"], gated: true }, TOKEN, /The account of HF_TOKEN may not read someone\/tiny-bert \(403\)/],
  ])("%s", async (_, change, token, message) => {
    if (change === undefined) hub.models.clear();
    else Object.assign(bench.model, change);
    const outcome = await bench.download([NAME], { HF_TOKEN: token });
    expectRefusal(outcome, message);
    expect(outcome.stderr).not.toContain(TOKEN);
    expect(filesBelow(bench.folder)).toEqual([]);
  });

  test("a token that is refused", async () => {
    hub.fault = () => ({ status: 401 });
    expectRefusal(await bench.download([NAME], { HF_TOKEN: TOKEN }), /does not accept the token of HF_TOKEN for .* \(401\): check the name and the token, or unset/);
  });

  test("a revision that is not there", async () => {
    expectRefusal(await bench.download([NAME, "--revision", "v9"]), /^gp-download: someone\/tiny-bert has no revision v9 at http:.*: give a branch, a tag or a commit that it has\. \[DOWNLOAD\]/);
  });
});

describe("refuses", () => {
  test.each<[string, string[], RegExp, number]>([
    ["no name", [], /Not enough non-option arguments/, 2],
    ["two names", [NAME, NAME], /Unknown argument/, 2],
    ["a path", ["../x"], /"\.\.\/x" is not the name of a model/, 1],
    ["a path in the name", ["a/../../x"], /is not the name of a model/, 1],
    ["a hidden folder", ["someone/.."], /is not the name of a model/, 1],
    ["a name that steers the terminal", ["a\x1b[2J\x9b"], /^gp-download: "a\\u001b\[2J\ufffd" is not the name of a model/, 1],
    ["an address", ["http://host/a/b"], /is not the name of a model: give it as the hub writes it, MODEL or OWNER\/MODEL, without address/, 1],
    ["a strange revision", [NAME, "--revision", "../main"], /"\.\.\/main" is not a revision/, 1],
    ["an endpoint without a scheme", [NAME, "--endpoint", "some.host"], /--endpoint is no address: give the address of a hub, such as/, 1],
    ["an endpoint of another kind", [NAME, "--endpoint", "file:///x"], /--endpoint does not start with https:\/\/ or http:\/\//, 1],
    ["an endpoint with a password", [NAME, "--endpoint", "http://a:secret@host"], /--endpoint holds a user name/, 1],
    ["retries that are no number", [NAME, "--retries", "x"], /--retries takes one whole number from 0 to 100/, 2],
  ])("%s", async (_, args, message, status) => {
    expectRefusal(await bench.download(args), message, status);
    expect(hub.requests).toEqual([]);
    expect(readdirSync(bench.folder)).toEqual([]);
  });

  test("a hub that cannot be reached, at once", async () => {
    expectRefusal(await bench.download([NAME, "--endpoint", "http://127.0.0.1:1"]), /^gp-download: 127\.0\.0\.1:1: the host refuses the connection \(ECONNREFUSED\); check the network, or name another address of the hub, such as a mirror, with --endpoint or HF_ENDPOINT\. \[DOWNLOAD\]\n$/);
    const secure = hub.endpoint.replace("http:", "https:");
    expectRefusal(await bench.download([NAME, "--endpoint", secure]), /: the TLS handshake fails \((EPROTO|ERR_SSL_\w+)\); check the address given as --endpoint/);
    expectRefusal(await bench.download([NAME, "--endpoint", "http://nowhere.invalid"]), /nowhere\.invalid: the host cannot be (found|looked up) \(E\w+\); check the network/);
  });

  test("a server that is no hub", async () => {
    hub.fault = () => ({ status: 200, headers: { "content-type": "text/html" }, body: Buffer.from("<html></html>") });
    expectRefusal(await bench.download(), /does not answer as a Hugging Face hub does: check the address given as --endpoint or HF_ENDPOINT/);
    hub.fault = () => ({ status: 200, body: Buffer.from("{\"id\":\"../../x\",\"sha\":\"main\"}") });
    expectRefusal(await bench.download(), /does not answer as a Hugging Face hub does/);
    hub.fault = () => ({ status: 302, headers: { location: "/again" } });
    expectRefusal(await bench.download(), /sends requests on and on/);
    hub.fault = () => ({ status: 302, headers: { location: "file:///etc/passwd" } });
    expectRefusal(await bench.download(), /sends the request on to an address that is no safe one/);
  });

  test("a place that cannot be written to", async () => {
    writeFileSync(bench.at("file"), "");
    expectRefusal(await bench.download([NAME, "--output", join("file", "model")]), /Cannot write file\/model: part of the path is a file/);
    mkdirSync(bench.at(PARTIAL), { recursive: true });
    writeFileSync(bench.at(PARTIAL, "thesis.txt"), "mine");
    expectRefusal(await bench.download(), /tiny-bert\.partial is where the download would be kept, but holds something else \("thesis\.txt"\): move that away/);
    expect(readFileSync(bench.at(PARTIAL, "thesis.txt"), "utf8")).toBe("mine");
  });

  test("a full disk: what has come stays, and the same command goes on", async () => {
    mkdirSync(bench.at("disk"));
    const disk = ["-t", "tmpfs", "-o", "size=64k", "tmpfs", bench.at("disk")];
    const mounted = spawnSync("mount", disk, { encoding: "utf8" });
    if (mounted.status !== 0) {
      console.warn(`a small disk to fill cannot be mounted here (${mounted.stderr.trim()}): not tested`);
      return;
    }
    try {
      writeFileSync(bench.at("disk", "filler"), Buffer.alloc(40_000));
      const args = [NAME, "--output", bench.at("disk", "model")];
      expectRefusal(await bench.download(args), /Cannot write .*model\.partial: the disk is full; make room and try again\. \[OUTPUT\]/);
      const [part = ""] = readdirSync(bench.at("disk", "model.partial")).filter((name) => name.endsWith(".part"));
      expect(part).toContain("model.safetensors");
      const kept = statSync(bench.at("disk", "model.partial", part)).size;
      rmSync(bench.at("disk", "filler"));
      hub.forget();
      expect(await bench.download(args)).toMatchObject({ status: 0, stderr: "" });
      expect(hub.transfers())
        .toEqual([`hub model.safetensors bytes=${kept}-`, `storage ${sha256(bench.weights())} bytes=${kept}-`]);
      bench.expectModel(["config.json", "vocab.txt", "model.safetensors"], join("disk", "model"));
    } finally {
      spawnSync("umount", [bench.at("disk")]);
    }
  });
});

describe("through a proxy", () => {
  test("an http hub is asked for, with the proxy's own password, and exceptions hold", async () => {
    const proxy = await startProxy(() => new URL(hub.endpoint));
    try {
      const env = { HF_ENDPOINT: "http://hub.test", http_proxy: proxy.address.replace("//", "//me:p%40ss@") };
      expect(await bench.download([NAME], env)).toMatchObject({ status: 0, stderr: "" });
      bench.expectModel();
      expect(new Set(proxy.seen)).toEqual(new Set(["GET hub.test me:p@ss"]));
      expectRefusal(await bench.download([NAME], { ...env, no_proxy: ".test" }), /hub\.test: the host cannot be/);
      expectRefusal(await bench.download([NAME], { ...env, http_proxy: "socks5://127.0.0.1:1" }), /The variable http_proxy does not name an HTTP proxy/);
      expectRefusal(await bench.download([NAME], { ...env, http_proxy: "http://127.0.0.1:1" }), /hub\.test \(through the proxy 127\.0\.0\.1:1\): the host refuses/);
    } finally {
      await proxy.close();
    }
  });

  test("an https hub is spoken to through a tunnel", async () => {
    const made = spawnSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes", "-days", "2", "-subj", "/CN=hub.test", "-addext", "subjectAltName=DNS:hub.test,DNS:storage.test",
      "-keyout", bench.at("key.pem"), "-out", bench.at("cert.pem")]);
    if (made.status !== 0) {
      console.warn("a certificate cannot be made here (openssl is missing): not tested");
      return;
    }
    const [key, cert] = [readFileSync(bench.at("key.pem")), readFileSync(bench.at("cert.pem"))];
    const secure = await new HubServer().start({ key, cert });
    const [hubAddress, storageAddress] = [new URL(secure.endpoint), new URL(secure.storage)];
    secure.endpoint = "https://hub.test";
    secure.storage = "https://storage.test";
    secure.models.set(NAME, { ...bench.model, readers: ["hf_secret"] });
    const proxy = await startProxy((host) => (host === "hub.test" ? hubAddress : storageAddress));
    try {
      const env = {
        HF_ENDPOINT: secure.endpoint, HF_TOKEN: "hf_secret", HTTPS_PROXY: proxy.address,
        NODE_EXTRA_CA_CERTS: bench.at("cert.pem"),
      };
      expect(await bench.download([NAME], env)).toMatchObject({ status: 0, stderr: "" });
      bench.expectModel();
      expect(new Set(proxy.seen)).toEqual(new Set(["CONNECT hub.test:443", "CONNECT storage.test:443"]));
      expectRefusal(
        await bench.download([NAME], { ...env, NODE_EXTRA_CA_CERTS: "" }),
        /hub\.test \(through the proxy .*\): its certificate cannot be verified \(\w+\); .* set NODE_EXTRA_CA_CERTS/,
      );
      proxy.refuseWith = 407;
      expectRefusal(await bench.download([NAME], env), /the proxy 127\.0\.0\.1:\d+ answers 407 to the wish for a connection; check/);
    } finally {
      await proxy.close();
      await secure.close();
    }
  });
});
