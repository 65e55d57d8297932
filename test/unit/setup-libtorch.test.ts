import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { download } from "../../scripts/setup/download.mjs";
import { archiveSources, everyWayFailed, fetchLibtorch, isNeeded } from "../../scripts/setup/libtorch-fetch.mjs";
import { findLibtorch, type FindContext } from "../../scripts/setup/libtorch-find.mjs";
import { inspectLibtorch, isSupported, readVersion, TESTED_VERSION } from "../../scripts/setup/libtorch-version.mjs";
import { projectPaths } from "../../scripts/setup/project-paths.mjs";
import { Reporter } from "../../scripts/setup/reporter.mjs";
import { libtorchArchive, makeLibtorch } from "../fixtures/setup/fake-libtorch.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "gp-libtorch-"));
});
afterEach(() => {
  delete process.env["GP_LIBTORCH_URL"];
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => path.join(folder, name);

describe("versions", () => {
  const supported = ["2.11.0", "2.13.0+cpu", "2.14.1+cu130", "2.14.0a0+gitabc", TESTED_VERSION];
  test.each(supported)("%s is supported", (version) => {
    expect(isSupported(version)).toBe(true);
  });

  test.each(["2.10.9", "1.13.1", "2.15.0", "3.0.0", "2.1.0", "20.13.0", "nightly", ""])("%s is not", (version) => {
    expect(isSupported(version)).toBe(false);
  });

  test("is read from the archive's note, the package's version.py or the header", () => {
    const libtorch = makeLibtorch(at("a"), "2.12.1+cpu");
    expect(readVersion(libtorch)).toBe("2.12.1+cpu");
    rmSync(path.join(libtorch, "build-version"));
    expect(readVersion(libtorch)).toBeUndefined();
    mkdirSync(path.join(libtorch, "include/torch/headeronly"), { recursive: true });
    const header = "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 11\n#define TORCH_VERSION_PATCH 3\n";
    writeFileSync(path.join(libtorch, "include/torch/headeronly/version.h"), header);
    expect(readVersion(libtorch)).toBe("2.11.3");
    writeFileSync(path.join(libtorch, "version.py"), "from typing import Optional\n__version__ = '2.13.0+cpu'\n");
    expect(readVersion(libtorch)).toBe("2.13.0+cpu");
  });

  test("a folder is looked into, an incomplete one told apart", () => {
    expect(inspectLibtorch(at("none"))).toEqual({ missing: "does not exist" });
    makeLibtorch(at("outer/torch"), "2.13.0");
    expect(inspectLibtorch(at("outer"))).toEqual({
      found: { directory: at("outer/torch"), version: "2.13.0", variant: "cpu" },
    });
    makeLibtorch(at("cuda"), "2.13.0+cu130", "cuda");
    expect(inspectLibtorch(at("cuda"))).toMatchObject({ found: { variant: "cuda" } });
    rmSync(at("cuda/include"), { recursive: true });
    expect(inspectLibtorch(at("cuda"))).toEqual({ missing: expect.stringContaining("include/ATen") as string });
  });
});

describe("finding", () => {
  let said: string[];
  beforeEach(() => {
    said = [];
  });

  function context(changes: Partial<FindContext> = {}): FindContext {
    return {
      env: {},
      own: at("own"),
      variant: undefined,
      usesCuda: false,
      pythonTorch: () => Promise.resolve(undefined),
      say: (line) => {
        said.push(line);
      },
      ...changes,
    };
  }

  test("takes the first there is, in the stated order", async () => {
    const env: Record<string, string> = {
      GP_LIBTORCH: makeLibtorch(at("first"), "2.13.0"),
      LIBTORCH: makeLibtorch(at("second"), "2.13.0"),
    };
    const python = makeLibtorch(at("third"), "2.13.0");
    makeLibtorch(at("own"), "2.13.0");
    const all = context({ env, pythonTorch: () => Promise.resolve(python) });
    expect(await findLibtorch(all)).toMatchObject({ directory: at("first"), source: "GP_LIBTORCH" });
    delete env["GP_LIBTORCH"];
    expect(await findLibtorch(all)).toMatchObject({ directory: at("second"), source: "LIBTORCH" });
    delete env["LIBTORCH"];
    expect(await findLibtorch(all)).toMatchObject({ directory: at("third"), source: "python3" });
    rmSync(python, { recursive: true });
    expect(await findLibtorch(all)).toMatchObject({ directory: at("own") });
    rmSync(at("own"), { recursive: true });
    expect(await findLibtorch(all)).toBeUndefined();
    expect(said).toEqual([]);
  });

  test("a variable that names something unusable is an error, whatever else there is", async () => {
    makeLibtorch(at("own"), "2.13.0");
    makeLibtorch(at("old"), "1.13.1");
    mkdirSync(at("empty"));
    const find = (env: NodeJS.ProcessEnv) => findLibtorch(context({ env }));
    await expect(find({ GP_LIBTORCH: at("none") })).rejects.toThrow(/GP_LIBTORCH is set to ".*none", which does not exist/);
    await expect(find({ LIBTORCH: at("empty") })).rejects.toThrow(/LIBTORCH is set to .*TorchConfig\.cmake/);
    await expect(find({ GP_LIBTORCH: at("old") })).rejects.toThrow(/is version 1\.13\.1; supported is >= 2\.11 and < 2\.15/);
    await expect(find({ GP_LIBTORCH: "" })).resolves.toMatchObject({ directory: at("own") });
  });

  test("what python3 has is passed over with a line when it cannot serve", async () => {
    makeLibtorch(at("own"), "2.13.0");
    const old = makeLibtorch(at("old"), "2.2.0");
    const cuda = makeLibtorch(at("cuda"), "2.13.0+cu130", "cuda");
    const find = (python: string, changes: Partial<FindContext> = {}) =>
      findLibtorch(context({ pythonTorch: () => Promise.resolve(python), ...changes }));
    expect(await find(old)).toMatchObject({ directory: at("own") });
    expect(await find(cuda)).toMatchObject({ directory: at("own") });
    expect(await find(cuda, { usesCuda: true })).toMatchObject({ directory: cuda, variant: "cuda" });
    expect(await find(cuda, { usesCuda: true, variant: "cpu" })).toMatchObject({ directory: at("own") });
    expect(said).toEqual([
      expect.stringContaining("is version 2.2.0"),
      expect.stringContaining("neither a GPU nor nvcc"),
      expect.stringContaining("is a CUDA build and CPU was asked for"),
    ]);
  });
});

describe("fetching", () => {
  const wish = { variant: "cpu", toolkit: undefined } as const;

  async function serve(listener: RequestListener, act: (address: string) => Promise<void>): Promise<void> {
    const server = createServer(listener);
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    try {
      await act(`http://127.0.0.1:${(server.address() as AddressInfo).port}/libtorch.zip`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  /** Fetches from one address or file; what is said goes nowhere. */
  function fetchFrom(source: string) {
    process.env["GP_LIBTORCH_URL"] = source;
    const stream = { isTTY: false, write: () => true } as unknown as NodeJS.WriteStream;
    return fetchLibtorch(projectPaths(folder), wish, new Reporter({ quiet: true, stream }));
  }

  const leftovers = (): string[] => (existsSync(at(".setup")) ? readdirSync(at(".setup")) : []);

  test("an archive becomes .libtorch, without what is not needed", async () => {
    writeFileSync(at("a.zip"), libtorchArchive("2.13.0+cpu"));
    await expect(fetchFrom(at("a.zip"))).resolves.toEqual({
      directory: at(".libtorch"), version: "2.13.0+cpu", variant: "cpu",
    });
    expect(readdirSync(at(".libtorch")).sort()).toEqual(["build-version", "include", "lib", "share"]);
    expect(existsSync(at("a.zip"))).toBe(true);
    expect(leftovers()).toEqual([]);
  });

  test("another one replaces it", async () => {
    makeLibtorch(at(".libtorch"), "2.11.0");
    writeFileSync(at(".libtorch/old.txt"), "");
    writeFileSync(at("a.zip"), libtorchArchive("2.13.0+cpu"));
    await expect(fetchFrom(`file://${at("a.zip")}`)).resolves.toMatchObject({ version: "2.13.0+cpu" });
    expect(existsSync(at(".libtorch/old.txt"))).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test.each([
    ["a broken archive", () => libtorchArchive("2.13.0").subarray(0, 500), /not a whole zip archive/],
    ["an unsupported version", () => libtorchArchive("1.13.1"), /brought LibTorch 1\.13\.1, and >= 2\.11 and < 2\.15/],
    ["no archive at all", () => Buffer.from("<html>sign in first</html>"), /not a whole zip archive/],
  ])("%s leaves nothing behind and what was there untouched", async (_, bytes, reason) => {
    makeLibtorch(at(".libtorch"), "2.11.0");
    writeFileSync(at("a.zip"), bytes());
    await expect(fetchFrom(at("a.zip"))).rejects.toThrow(reason);
    expect(leftovers()).toEqual([]);
    expect(readVersion(at(".libtorch"))).toBe("2.11.0");
  });

  test("comes over HTTP, and what breaks off on the way is noticed", async () => {
    const bytes = libtorchArchive("2.13.0+cpu");
    await serve((_, response) => {
      response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    }, async (address) => {
      await expect(fetchFrom(address)).resolves.toMatchObject({ version: "2.13.0+cpu" });
    });
    rmSync(at(".libtorch"), { recursive: true });
    await serve((_, response) => {
      response.writeHead(200, { "content-length": bytes.length });
      response.write(bytes.subarray(0, 200), () => response.destroy());
    }, async (address) => {
      await expect(fetchFrom(address)).rejects.toThrow(address);
    });
    await serve((_, response) => {
      response.writeHead(404).end();
    }, async (address) => {
      await expect(fetchFrom(address)).rejects.toThrow(/the server answered 404/);
      await expect(download(address, at("x"), () => undefined)).rejects.toThrow(/404/);
    });
    expect(existsSync(at(".libtorch"))).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test("addresses fit the machine", () => {
    expect(archiveSources(wish, {}, "linux-x64")).toEqual([expect.stringMatching(/\/cpu\/.*-2\.13\.0%2Bcpu\.zip$/)]);
    expect(archiveSources({ variant: "cuda", toolkit: "12.8" }, {}, "linux-x64")[0]).toMatch(/cu126/);
    expect(archiveSources({ variant: "cuda", toolkit: "13.0" }, {}, "linux-x64")[0]).toMatch(/cu130/);
    expect(archiveSources(wish, {}, "linux-arm64")).toEqual([]);
    expect(archiveSources(wish, { GP_LIBTORCH_URL: "mine.zip" }, "linux-arm64")).toEqual(["mine.zip"]);
  });

  test("of a wheel only what compiling, linking and loading need is taken", () => {
    const needed = ["torch/lib/libc10.so", "torch/include/ATen/ATen.h", "torch/share/cmake/Torch/TorchConfig.cmake",
      "torch/version.py", "torch.libs/libgomp.so", "nvidia/cu13/lib/libcudart.so.13", "libtorch/lib/libc10.so"];
    const idle = ["torch/__init__.py", "torch/bin/test_api", "torch/nn/lib/x.py", "libtorch/bin/x",
      "torchgen/model.py", "nvidia/cu13/include/cuda.h"];
    expect(needed.filter((name) => !isNeeded(name))).toEqual([]);
    expect(idle.filter(isNeeded)).toEqual([]);
  });

  test("when every way failed, each is named with the ways to mend it", () => {
    const text = everyWayFailed(["the archive: no answer", "pip: no such version"], wish);
    for (const part of ["the archive: no answer", "pip: no such version", "GP_LIBTORCH", "GP_LIBTORCH_URL",
      "pip install", "HTTPS_PROXY", ">= 2.11 and < 2.15"]) {
      expect(text).toContain(part);
    }
  });
});
