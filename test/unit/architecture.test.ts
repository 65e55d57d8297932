import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";

// The arrows of docs/architecture.md go one way; this test reads every import and include.

const ROOT = join(import.meta.dirname, "..", "..");

function filesIn(folder: string, ending: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => ending.test(file))
    .map((file) => join(folder, file));
}

/** What each room may import from, itself aside. */
const TYPESCRIPT_ROOMS: Record<string, string[]> = {
  "lib/errors.ts": [],
  "lib/storage": ["lib/errors.ts"],
  "lib/terminal": [],
  "lib/tokenizer": ["lib/errors.ts"],
  "lib/config": ["lib/errors.ts", "lib/data"],
  "lib/data": ["lib/errors.ts", "lib/storage", "lib/tokenizer"],
  "lib/model": ["lib/errors.ts", "lib/storage", "lib/tokenizer", "lib/data"],
  "lib/download": ["lib/errors.ts", "lib/storage", "lib/model"],
  "lib/evaluation": ["lib/errors.ts", "lib/tokenizer", "lib/data", "lib/terminal", "lib/model"],
  "lib/report": ["lib/errors.ts", "lib/data", "lib/evaluation"],
  "lib/corpus": ["lib/errors.ts", "lib/storage", "lib/tokenizer", "lib/data", "lib/terminal"],
  "lib/tracking": ["lib/errors.ts", "lib/storage", "lib/config", "lib/report"],
  "lib/training": [
    "lib/errors.ts", "lib/storage", "lib/tokenizer", "lib/data", "lib/config", "lib/model", "lib/evaluation",
    "lib/report", "lib/tracking",
  ],
  "lib/index.ts": ["lib"],
  "bin": ["lib"],
  "bench": ["lib"],
};

const NATIVE_ROOMS: Record<string, string[]> = {
  kernels: [],
  ops: ["kernels"],
  weights: [],
  model: ["ops", "weights"],
  engine: ["model", "ops", "weights"],
  binding: ["engine"],
};

function roomOf(file: string, rooms: string[]): string | undefined {
  const name = file.split(sep).join("/");
  return rooms.find((room) => name === room || name.startsWith(`${room}/`));
}

describe("lib/, bin/ and bench/", () => {
  const rooms = Object.keys(TYPESCRIPT_ROOMS);
  const files = ["lib", "bin", "bench"].flatMap((folder) => filesIn(folder, /\.ts$/));

  test.each(files)("%s imports only from the rooms below it", (file) => {
    const room = roomOf(file, rooms);
    expect(room).toBeDefined();
    const source = readFileSync(join(ROOT, file), "utf8");
    const imported = [...source.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)]
      .map(([, path]) => relative(ROOT, resolve(ROOT, dirname(file), (path ?? "").replace(/\.js$/, ".ts"))));
    const wrong = imported.filter((target) => {
      const from = roomOf(target, rooms);
      return from !== room && !(TYPESCRIPT_ROOMS[room ?? ""] ?? []).some((allowed) => roomOf(target, [allowed]));
    });
    expect(wrong).toEqual([]);
  });

  test("only lib/model/native.ts loads the addon", () => {
    const loaders = files.filter((file) => readFileSync(join(ROOT, file), "utf8").includes("createRequire"));
    expect(loaders).toEqual([join("lib", "model", "native.ts")]);
  });

  test("only lib/data and lib/model/decode.ts know both characters and token spans", () => {
    const both = files.filter((file) => {
      const source = readFileSync(join(ROOT, file), "utf8");
      return source.includes("decodeSpan(") || source.includes("new TokenBoundaries(");
    });
    const elsewhere = both.filter((file) =>
      file !== join("lib", "model", "decode.ts") && roomOf(file, ["lib/data"]) === undefined);
    expect(elsewhere).toEqual([]);
    expect(both.length).toBeGreaterThan(0);
  });
});

describe("native/", () => {
  test.each(Object.keys(NATIVE_ROOMS))("%s includes only from the rooms below it", (room) => {
    const files = filesIn(join("native", room), /\.(h|cc|cu|cuh)$/);
    expect(files.length).toBeGreaterThan(0);
    const wrong = files.flatMap((file) => {
      const includes = [...readFileSync(join(ROOT, file), "utf8").matchAll(/#include "([a-z]+)\//g)];
      return includes.map(([, target]) => target ?? "")
        .filter((target) => target !== room && !(NATIVE_ROOMS[room] ?? []).includes(target))
        .map((target) => `${file} -> ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  test("kernels know nothing of LibTorch, and of the rest of ops/ only what calls kernels knows them", () => {
    const includes = (file: string): string => readFileSync(join(ROOT, file), "utf8");
    const kernels = filesIn(join("native", "kernels"), /\.(h|cu)$/);
    expect(kernels.filter((file) => /#include <(ATen|torch|c10)/.test(includes(file)))).toEqual([]);
    const callers = filesIn(join("native", "ops"), /\.(h|cc)$/)
      .filter((file) => includes(file).includes("#include \"kernels/"));
    expect(callers.length).toBeGreaterThan(0);
    expect(callers.filter((file) => !/(_cuda\.(cc|h)|cuda_call\.h)$/.test(file))).toEqual([]);
  });

  test("only binding/ and addon.cc know N-API", () => {
    const files = filesIn("native", /\.(h|cc|cu|cuh)$/)
      .filter((file) => /#include [<"](napi|node_api|uv|v8|node)\.h[>"]/.test(readFileSync(join(ROOT, file), "utf8")));
    expect(files.length).toBeGreaterThan(0);
    const elsewhere = files.filter((file) =>
      file !== join("native", "addon.cc") && roomOf(file, ["native/binding"]) === undefined);
    expect(elsewhere).toEqual([]);
  });
});
