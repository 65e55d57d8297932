import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { downloadDisplay, formatBytes } from "../../bin/download-display.js";
import { BrokenConnection } from "../../lib/download/broken-connection.js";
import { isWhole } from "../../lib/download/checksum.js";
import { get } from "../../lib/download/connection.js";
import { checkModelName, checkRevision, shortName } from "../../lib/download/model-name.js";
import { proxyFor } from "../../lib/download/proxy.js";
import type { RemoteFile } from "../../lib/download/remote-model.js";
import { waitBefore, withRetries } from "../../lib/download/retry.js";
import { startProxy } from "../support/proxy-server.js";

async function listening(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

function file(path: string, size: number, digest = "0".repeat(64)): RemoteFile {
  return { path, size, hash: { algorithm: digest.length === 64 ? "sha256" : "git-sha1", digest } };
}

describe("names and revisions", () => {
  test.each(["bert-base-chinese", "hfl/chinese-macbert-base", "a/b.c_D-1", "x"])("%s is a name", (name) => {
    expect(checkModelName(name)).toBe(name);
  });

  test.each([
    "", "/", "a/", "/a", "a/b/c", "..", "a/..", "../a", "a..b", ".a", "a.", "-a", "a b", "a\\b", "a?b", "a#b", "名",
  ])("%j is none", (name) => {
    expect(() => checkModelName(name)).toThrow(/is not the name of a model/);
  });

  test("the folder is called by the last part", () => {
    expect(["a/b", "b"].map(shortName)).toEqual(["b", "b"]);
  });

  test("revisions", () => {
    expect(["main", "v1.0", "refs/pr/1", "a".repeat(40)].map(checkRevision)).toHaveLength(4);
    for (const revision of ["", "a b", "-a", "a..b", "/a", "a\n", "a?b"]) {
      expect(() => checkRevision(revision)).toThrow(/is not a revision/);
    }
  });
});

describe("proxyFor", () => {
  const https = new URL("https://hub.example/x");
  const href = (url: URL, environment: NodeJS.ProcessEnv): string | undefined => proxyFor(url, environment)?.href;

  test("takes the variable of the address, in either case, else that for all", () => {
    expect(href(https, {})).toBeUndefined();
    expect(href(https, { HTTPS_PROXY: "http://p:1" })).toBe("http://p:1/");
    expect(href(https, { https_proxy: "http://q:1", HTTPS_PROXY: "http://p:1" })).toBe("http://q:1/");
    expect(href(https, { http_proxy: "http://p:1" })).toBeUndefined();
    expect(href(https, { http_proxy: "http://p:1", ALL_PROXY: "http://all:1" })).toBe("http://all:1/");
    expect(href(new URL("http://hub.example"), { http_proxy: "p:3128" })).toBe("http://p:3128/");
  });

  test.each<[string, string, boolean]>([
    ["https://hub.example", "hub.example", true],
    ["https://hub.example", "example", true],
    ["https://hub.example", ".example", true],
    ["https://hub.example", "*.example", true],
    ["https://hub.example", "b.example", false],
    ["https://hub.example", "other, hub.example:443", true],
    ["https://hub.example", "hub.example:80", false],
    ["https://hub.example:8443", "HUB.example:8443", true],
    ["https://hub.example", "*", true],
    ["http://127.0.0.1:80", "", true],
    ["http://localhost:8080", "", true],
    ["http://[::1]:8080", "", true],
  ])("%s is spoken to directly with no_proxy=%s: %s", (address, exceptions, direct) => {
    const environment = { all_proxy: "http://p:1", no_proxy: exceptions };
    expect(proxyFor(new URL(address), environment) === undefined).toBe(direct);
  });

  test("refuses another kind of proxy", () => {
    expect(() => proxyFor(https, { ALL_PROXY: "socks5://p:1" })).toThrow(/The variable ALL_PROXY does not name an HTTP proxy/);
    expect(() => proxyFor(https, { HTTPS_PROXY: "http://p:port" })).toThrow(/The variable HTTPS_PROXY does not name/);
  });
});

describe("attempts", () => {
  test("waits grow, and heed what the server asks for within reason", () => {
    expect([1, 2, 3, 4, 5].map((attempt) => waitBefore(attempt, 0))).toEqual([1, 2, 4, 8, 16]);
    expect([waitBefore(20, 0), waitBefore(1, 30), waitBefore(1, 9999)]).toEqual([60, 30, 60]);
  });

  test("only those count that brought nothing", async () => {
    let received = 0;
    let attempts = 0;
    const waits: number[] = [];
    const policy = {
      retries: 2, signal: new AbortController().signal, second: 0,
      waiting: (reason: string, seconds: number) => { waits.push(seconds); expect(reason).toBe("broke"); },
    };
    const action = (): Promise<never> => {
      attempts++;
      if (attempts <= 4) received++;
      return Promise.reject(new BrokenConnection("broke"));
    };
    const message = "It failed: broke, also after 2 further attempts; go on later.";
    await expect(withRetries(action, "It", "go on later", policy, () => received))
      .rejects.toMatchObject({ code: "DOWNLOAD", message });
    expect(attempts).toBe(6);
    expect(waits).toEqual([1, 1, 1, 1, 2]);
  });

  test("another failure, or a wish to stop, ends them at once", async () => {
    const controller = new AbortController();
    const policy = { retries: 9, signal: controller.signal, waiting: () => { controller.abort(); } };
    await expect(withRetries(() => Promise.reject(new Error("other")), "It", "", policy)).rejects.toThrow("other");
    await expect(withRetries(() => Promise.reject(new BrokenConnection("broke")), "It", "", policy))
      .rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a connection on which nothing comes", () => {
  const options = { headers: {}, signal: new AbortController().signal, timeout: 300 };

  test("is given up before the answer and within it", async () => {
    const server = createHttpServer((request, response) => { if (request.url === "/part") response.write("part"); });
    const address = await listening(server);
    try {
      await expect(get(new URL("/", address), { ...options, proxy: undefined }))
        .rejects.toThrow("nothing came for 0.3 s");
      const answer = await get(new URL("/part", address), { ...options, proxy: undefined });
      await expect(text(answer)).rejects.toThrow("nothing came for 0.3 s");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test("is given up behind a proxy too", async () => {
    const silent = createTcpServer((socket) => { socket.on("error", () => undefined).resume(); });
    const address = await listening(silent);
    const proxy = await startProxy(() => address);
    try {
      await expect(get(new URL("https://hub.test"), { ...options, proxy: new URL(proxy.address) }))
        .rejects.toThrow("nothing came for 0.3 s");
      expect(proxy.seen).toEqual(["CONNECT hub.test:443"]);
    } finally {
      await proxy.close();
      silent.close();
    }
  });
});

test("a file is compared by size and by the kind of hash that the hub tells", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gp-test-"));
  try {
    const path = join(folder, "greeting");
    writeFileSync(path, "hello\n");
    // echo hello | git hash-object --stdin; echo hello | sha256sum
    const blob = "ce013625030ba8dba906f756967f9e9ca394464a";
    const digest = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    expect(await isWhole(path, file("greeting", 6, blob))).toBe(true);
    expect(await isWhole(path, file("greeting", 6, digest))).toBe(true);
    expect(await isWhole(path, file("greeting", 6, "0".repeat(64)))).toBe(false);
    expect(await isWhole(path, file("greeting", 7, digest))).toBe(false);
    expect(await isWhole(join(folder, "none"), file("none", 6, digest))).toBe(false);
    expect(await isWhole(folder, file("folder", 6, digest))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("the display", () => {
  const weights = file("model.safetensors", 400_000_000);

  function show(stream: { isTTY: boolean; columns?: number }): { written: string[]; pass: (ms: number) => void;
    display: ReturnType<typeof downloadDisplay>; } {
    const written: string[] = [];
    let time = 0;
    const display = downloadDisplay({ ...stream, write: (text) => written.push(text) }, () => time);
    return { written, display, pass: (ms) => { time += ms; } };
  }

  test("redraws one line on a terminal, ten times a second at most, no wider than it", () => {
    const { written, display, pass } = show({ isTTY: true, columns: 40 });
    display.fileBegins(weights, 0);
    for (let received = 1_000_000; received <= 100_000_000; received += 1_000_000) {
      pass(10);
      display.fileGrows(weights, received);
    }
    const lines = written.filter((text) => text !== "\r\x1b[2K");
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe("model.safetensors: 1.0 MB of 400.0 MB  "); // cut to the terminal's width
    expect(written.every((text) => !text.includes("\n"))).toBe(true);
    display.fileEnds(weights);
    expect(written.slice(-2)).toEqual(["\r\x1b[2K", "model.safetensors: 400.0 MB, checked\n"]);
  });

  test("tells bytes, percent and speed, of this run only", () => {
    const { written, display, pass } = show({ isTTY: true, columns: 200 });
    display.fileBegins(weights, 200_000_000);
    expect(written.at(-1)).toBe("model.safetensors: going on from 200.0 MB of 400.0 MB\n");
    for (let received = 200_000_000; received <= 220_000_000; received += 1_000_000) {
      display.fileGrows(weights, received);
      pass(100);
    }
    expect(written.at(-1)).toBe("model.safetensors: 220.0 MB of 400.0 MB  55%  10.0 MB/s");
  });

  test("takes a terminal that does not tell its width for one of 80 columns", () => {
    const { written, display } = show({ isTTY: true, columns: 0 });
    display.fileBegins(weights, 0);
    display.fileGrows(weights, 1_000_000);
    expect(written.at(-1)).toBe("model.safetensors: 1.0 MB of 400.0 MB  0%");
  });

  test("writes a line a file elsewhere", () => {
    const { written, display, pass } = show({ isTTY: false });
    display.begins({ name: "a/b", commit: "c0ffee", files: [] }, [weights, file("config.json", 999)]);
    display.fileBegins(weights, 0);
    pass(1000);
    display.fileGrows(weights, 100);
    display.waiting("the connection broke", 2);
    display.fileEnds(weights);
    expect(written).toEqual([
      "a/b at c0ffee: 2 files, 400.0 MB\n", "the connection broke; trying again in 2 s\n",
      "model.safetensors: 400.0 MB, checked\n",
    ]);
  });

  test("sizes", () => {
    expect([0, 999, 1000, 999_949, 999_950, 411_577_189, 3.2e9, 5e12].map(formatBytes))
      .toEqual(["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "411.6 MB", "3.2 GB", "5000.0 GB"]);
  });
});
