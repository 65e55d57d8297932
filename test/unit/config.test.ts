import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import fc from "fast-check";
import { findJsonFault } from "../../lib/config/json-fault.js";
import { knownKeys, nearestKey } from "../../lib/config/known-keys.js";
import { loadConfig } from "../../lib/config/load.js";
import { applyOverride, parseOverride } from "../../lib/config/overrides.js";
import { configJsonSchema, isPretrained, pathKeys } from "../../lib/config/schema.js";
import { GlobalPointerError } from "../../lib/errors.js";
import { encoderConfigSchema } from "../../lib/model/encoder-config.js";

const minimal = {
  name: "trial",
  data: { train: "train.jsonl", dev: "dev.jsonl" },
  encoder: { vocab: "vocab.txt", hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2, intermediateSize: 32 },
  training: { epochs: 2, batchSize: 4, learningRate: 0.001 },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gp-config-"));
});
afterEach(() => { rmSync(folder, { recursive: true }); });

function write(content: unknown): string {
  const path = join(folder, "config.json");
  writeFileSync(path, typeof content === "string" || Buffer.isBuffer(content) ? content : JSON.stringify(content));
  return path;
}

function errorOf(action: () => unknown): GlobalPointerError {
  try {
    action();
  } catch (error) {
    if (error instanceof GlobalPointerError) return error;
    throw error;
  }
  throw new Error("no error was thrown");
}

function problems(content: unknown, overrides: string[] = []): string[] {
  const error = errorOf(() => loadConfig(write(content), overrides));
  expect(error.code).toBe("CONFIG");
  return error.message.split("\n").slice(1).map((line) => line.trim());
}

describe("sizes that the engine does not take", () => {
  test.each([
    ["encoder.hiddenSize", 2 ** 24], ["encoder.intermediateSize", 2 ** 24], ["encoder.maxPositionEmbeddings", 2 ** 24],
    ["encoder.numHiddenLayers", 1024], ["encoder.numAttentionHeads", 1024], ["encoder.typeVocabSize", 1024],
    ["head.headSize", 2 ** 16], ["training.batchSize", 2 ** 20], ["evaluation.batchSize", 2 ** 20],
    ["training.maxSeqLen", 2 ** 24],
  ])("%s is at most %i", (key, most) => {
    const told = problems(minimal, [`${key}=${most + 1}`]);
    // A size may contradict another key besides.
    expect(told[0]).toMatch(new RegExp(`^${key}: found ${most + 1}; allowed: .* to ${most}$`));
  });

  test("nor more entity types than there may be", () => {
    const entityTypes = Array.from({ length: 2 ** 20 + 1 }, (_, index) => String(index));
    const told = problems({ ...minimal, data: { ...minimal.data, entityTypes } });
    expect(told).toEqual([expect.stringMatching(/^data\.entityTypes: found .*; allowed: a list of at most 1048576 names$/)]);
  });

  test("in a model's config.json they are named too", () => {
    const config = {
      vocab_size: 30, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32,
    };
    expect(encoderConfigSchema.safeParse(config).success).toBe(true);
    for (const [key, most] of [
      ["vocab_size", 2 ** 24], ["intermediate_size", 2 ** 24], ["num_hidden_layers", 1024], ["type_vocab_size", 1024],
      ["max_position_embeddings", 2 ** 24],
    ] as const) {
      expect(encoderConfigSchema.safeParse({ ...config, [key]: most }).success).toBe(true);
      const { error } = encoderConfigSchema.safeParse({ ...config, [key]: most + 1 });
      expect(error?.issues).toMatchObject([{ path: [key] }]);
    }
  });
});

describe("a sound config", () => {
  test("gets every default and absolute paths", () => {
    const config = loadConfig(write(minimal));
    expect(config).toEqual({
      name: "trial",
      output: join(folder, "runs"),
      data: { train: join(folder, "train.jsonl"), dev: join(folder, "dev.jsonl"), format: "auto", skipFaulty: false },
      encoder: {
        vocab: join(folder, "vocab.txt"), hiddenSize: 16, numHiddenLayers: 1, numAttentionHeads: 2,
        intermediateSize: 32,
        typeVocabSize: 2, layerNormEps: 1e-12, hiddenAct: "gelu",
        hiddenDropoutProb: 0.1, attentionProbsDropoutProb: 0.1, initializerRange: 0.02,
      },
      tokenizer: {},
      head: { type: "global-pointer", headSize: 64, rope: true, maskSpecialTokens: false },
      training: {
        epochs: 2, batchSize: 4, learningRate: 0.001, weightDecay: 0.01, decayAll: false, adamBeta1: 0.9,
        adamBeta2: 0.999, adamEps: 1e-8, maxGradNorm: 1, schedule: { type: "linear", warmupRatio: 0.1 }, seed: 2333,
        maxSeqLen: 128, device: "auto", threads: 0, layerDecay: 1, frozenEmbeddings: false, frozenLayers: 0,
        accumulationSteps: 1, rDrop: 0, labelSmoothing: 0, activationCheckpointing: false,
        autoMicroBatch: false, cudaGraphs: false, precision: "fp32",
      },
      evaluation: { batchSize: 32, threshold: 0 },
      tracking: { console: true, everySteps: 10, tensorboard: false },
    });
    expect(isPretrained(config.encoder)).toBe(false);
  });

  test("is read again from its resolved form unchanged", () => {
    const resolved = loadConfig(write(minimal));
    expect(loadConfig(write(resolved))).toEqual(resolved);
  });

  test("may start with a byte order mark", () => {
    expect(loadConfig(write(`\ufeff${JSON.stringify(minimal)}`)).name).toBe("trial");
  });

  test("takes a pretrained directory, with its dropout overridden", () => {
    const config = loadConfig(write({ ...minimal, encoder: { pretrained: "bert", hiddenDropoutProb: 0 } }));
    expect(config.encoder).toEqual({ pretrained: join(folder, "bert"), hiddenDropoutProb: 0 });
    expect(isPretrained(config.encoder)).toBe(true);
  });

  test.each(["config.json", ...readdirSync("configs").map((name) => join("configs", name))])("%s is one", (path) => {
    const config = loadConfig(path);
    expect(config.output).toBe(resolve("runs"));
    expect(config.training.schedule.type).toMatch(/linear|cosine-warm-restarts/);
  });

  test("configs/cluener.json has the hyper-parameters of the original", () => {
    const { training, encoder } = loadConfig("configs/cluener.json");
    expect(training).toMatchObject({
      learningRate: 2e-5, batchSize: 64, epochs: 50, seed: 2333, maxSeqLen: 128, weightDecay: 0, maxGradNorm: 0,
      schedule: { type: "cosine-warm-restarts", periodEpochs: 2, periodMultiplier: 1, minRatio: 0, compat: "seed" },
    });
    expect(encoder).toEqual({ pretrained: resolve("pretrained_models/bert-base-chinese") });
  });
});

describe("a file that is not a config", () => {
  test("missing", () => {
    expect(errorOf(() => loadConfig(join(folder, "none.json"))).message).toMatch(/none\.json: there is no such file/);
  });
  test("a folder", () => {
    expect(errorOf(() => loadConfig(folder)).message).toMatch(/is a folder/);
  });
  test.each(["", " \n\t", "\ufeff"])("empty: %j", (content) => {
    expect(errorOf(() => loadConfig(write(content))).message).toMatch(/config\.json: the file is empty/);
  });
  test("not UTF-8", () => {
    expect(errorOf(() => loadConfig(write(Buffer.from([0x7b, 0xff, 0x7d])))).message).toMatch(/not UTF-8/);
  });
  test("truncated", () => {
    const { message } = errorOf(() => loadConfig(write("{\n  \"name\": \"a\",\n  \"data\": {")));
    expect(message).toMatch(/config\.json:3:12: not valid JSON: expected a key in double quotes, but the text ends/);
  });
  test("with a trailing comma", () => {
    const { message } = errorOf(() => loadConfig(write("{\n  \"name\": \"a\",\n}")));
    expect(message).toMatch(/config\.json:3:1: not valid JSON: expected a key/);
  });
  test("with a key given twice", () => {
    const { message } = errorOf(() => loadConfig(write("{\"name\": \"a\",\n \"name\": \"b\"}")));
    expect(message).toMatch(/config\.json:2:2: .*the key "name" is given twice/);
  });
  test.each(["[]", "3", "null", "\"text\""])("not an object: %s", (content) => {
    expect(problems(content).join()).toMatch(/the config: found .*; allowed: an object/);
  });
});

describe("JSON faults", () => {
  test("are found in exactly the texts that JSON.parse refuses", () => {
    const damaged = fc.tuple(fc.json(), fc.nat(), fc.constantFrom("", ",", "}", "\"", "x", "\\", "1", "\n")).map(
      ([json, place, inserted]) => {
        const at = place % (json.length + 1);
        return json.slice(0, at) + inserted + json.slice(at + 1);
      },
    );
    fc.assert(fc.property(fc.oneof(fc.json(), damaged, fc.string()), (text) => {
      let sound = true;
      try {
        JSON.parse(text);
      } catch {
        sound = false;
      }
      const fault = findJsonFault(text);
      if (fault?.problem.includes("twice") === true) return; // JSON.parse takes the last
      expect(fault === undefined).toBe(sound);
    }), { numRuns: 2000 });
  });

  test("a tower of brackets is refused, not a stack overflow", () => {
    expect(findJsonFault("[".repeat(100_000))).toMatchObject({ problem: "too many levels", line: 1 });
  });
});

describe("schema errors name the key, what was found and what is allowed", () => {
  const training = (change: object) => ({ ...minimal, training: { ...minimal.training, ...change } });
  const eachEpoch = { type: "cosine-warm-restarts", periodEpochs: 2, compat: "seed" };
  test.each<[string, unknown, RegExp]>([
    ["text for a number", training({ epochs: "ten" }), /^training\.epochs: found "ten"; allowed: a whole number, 1 or more$/],
    ["fraction", training({ epochs: 1.5 }), /^training\.epochs: found 1\.5; allowed: a whole number, 1 or more$/],
    ["zero", training({ learningRate: 0 }), /^training\.learningRate: found 0; allowed: a number above 0$/],
    ["null", training({ batchSize: null }), /^training\.batchSize: found null; allowed: a whole number/],
    ["seed", training({ seed: 2 ** 32 }), /^training\.seed: found 4294967296; allowed: a whole number from 0 to 4294967295$/],
    ["device", training({ device: "gpu" }), /^training\.device: found "gpu"; allowed: "auto", "cpu", "cuda" or "cuda:N"$/],
    ["flag", training({ decayAll: 1 }), /^training\.decayAll: found 1; allowed: true or false$/],
    ["schedule", training({ schedule: { type: "poly" } }), /^training\.schedule\.type: found "poly"; allowed: .*"cosine", /],
    ["schedule key", training({ schedule: { type: "cosine-warm-restarts" } }),
      /^training\.schedule\.periodEpochs: missing; allowed: a number above 0$/],
    ["both warm-ups", training({ schedule: { type: "constant", warmupSteps: 1, warmupRatio: 0.1 } }),
      /^training\.schedule\.warmupSteps: 1 stands beside training\.schedule\.warmupRatio/],
    ["restarts each epoch and a warm-up", training({ schedule: { ...eachEpoch, warmupSteps: 3 } }),
      /^training\.schedule\.compat: "seed" begins the schedule anew each epoch, so that no place is left for a warm-up/],
    ["restarts each epoch and periods that grow", training({ schedule: { ...eachEpoch, periodMultiplier: 2 } }),
      /^training\.schedule\.periodMultiplier: 2 stands beside compat, .* no second one comes/],
    ["restarts like somebody else", training({ schedule: { ...eachEpoch, compat: "other" } }),
      /^training\.schedule\.compat: found "other"; allowed: "seed"$/],
    ["too long", { ...training({ maxSeqLen: 513 }), encoder: { ...minimal.encoder, maxPositionEmbeddings: 512 } },
      /^training\.maxSeqLen: 513 is more than encoder\.maxPositionEmbeddings/],
    ["head size", { ...minimal, head: { headSize: 63 } }, /^head\.headSize: 63 is odd/],
    ["head size, efficient", { ...minimal, head: { type: "efficient-global-pointer", headSize: 63 } }, /^head\.headSize: 63 is odd/],
    ["head", { ...minimal, head: { type: "crf" } }, /^head\.type: found "crf"; allowed: one of "global-pointer", "efficient-/],
    ["tplinker with rope", { ...minimal, head: { type: "tplinker", rope: true } },
      /^head\.rope: true cannot be given for a "tplinker" head, which has no queries and keys; remove it, or give the whole section anew/],
    ["tplinker with a head size", { ...minimal, head: { type: "tplinker", headSize: 64 } }, /^head\.headSize: 64 cannot be given/],
    ["biases of another head", { ...minimal, head: { biasInput: "hidden" } },
      /^head\.biasInput: "hidden" cannot be given for a "global-pointer" head/],
    ["adversarial training of frozen embeddings", training({ adversarial: { type: "fgm" }, frozenEmbeddings: true }),
      /^training\.adversarial: .* perturbs word embeddings, which training\.frozenEmbeddings lets take no gradient/],
    ["adversarial training under frozen layers", training({ adversarial: { type: "pgd" }, frozenLayers: 1 }),
      /^training\.adversarial: .* which training\.frozenLayers freezes/],
    ["more frozen layers than there are", training({ frozenLayers: 9 }), /^training\.frozenLayers: 9 is more than encoder/],
    ["R-Drop without dropout", {
      ...training({ rDrop: 1 }), encoder: { ...minimal.encoder, hiddenDropoutProb: 0, attentionProbsDropoutProb: 0 },
    }, /^training\.rDrop: 1 compares two passes with other dropout/],
    ["R-Drop of a pretrained encoder without dropout", {
      ...training({ rDrop: 1 }), encoder: { pretrained: "bert", hiddenDropoutProb: 0, attentionProbsDropoutProb: 0 },
    }, /^training\.rDrop: 1 compares/],
    ["label smoothing of everything", training({ labelSmoothing: 1 }), /^training\.labelSmoothing: found 1; allowed: .* below 1$/],
    ["an adversary of another kind", training({ adversarial: { type: "free" } }), /^training\.adversarial\.type: found "free"/],
    ["ascents of FGM", training({ adversarial: { type: "fgm", steps: 3 } }), /^training\.adversarial\.steps: unknown key/],
    ["format", { ...minimal, data: { ...minimal.data, format: "xml" } }, /^data\.format: found "xml"; allowed: one of "auto", "cluener", /],
    ["types", { ...minimal, data: { ...minimal.data, entityTypes: ["a", 3] } }, /^data\.entityTypes\[1\]: found 3; allowed: text$/],
    ["no types", { ...minimal, data: { ...minimal.data, entityTypes: [] } }, /^data\.entityTypes: found \[\]; allowed: a list/],
    ["type twice", { ...minimal, data: { ...minimal.data, entityTypes: ["a", "a"] } }, /^data\.entityTypes: \["a","a"\] names .* twice/],
    ["name", { ...minimal, name: "../out" }, /^name: found "\.\.\/out"; allowed: a folder name/],
    ["missing section", { ...minimal, data: undefined }, /^data: missing; allowed: an object$/],
    ["section as text", { ...minimal, data: "train.jsonl" }, /^data: found "train\.jsonl"; allowed: an object$/],
    ["missing path", { ...minimal, data: { train: "a" } }, /^data\.dev: missing; allowed: the path/],
    ["empty path", { ...minimal, data: { train: "", dev: "b" } }, /^data\.train: found ""; allowed: the path/],
    ["heads", { ...minimal, encoder: { ...minimal.encoder, numAttentionHeads: 3 } }, /^encoder\.hiddenSize: 16 is not a multiple/],
    ["no encoder kind", { ...minimal, encoder: { ...minimal.encoder, vocab: undefined } }, /^encoder\.vocab: missing; .*encoder\.pretrained instead/],
    ["size beside pretrained", { ...minimal, encoder: { pretrained: "bert", hiddenSize: 16 } },
      /^encoder\.hiddenSize: 16 cannot be given beside encoder\.pretrained/],
    ["tracking", { ...minimal, tracking: { everySteps: 0 } }, /^tracking\.everySteps: found 0; allowed: a whole number, 1 or more$/],
    ["no project", { ...minimal, tracking: { wandb: { entity: "me" } } }, /^tracking\.wandb\.project: missing; allowed: text/],
    ["wandb as a switch", { ...minimal, tracking: { wandb: true } }, /^tracking\.wandb: found true; allowed: an object$/],
    ["unknown key", training({ learningrate: 1 }), /^training\.learningrate: unknown key; did you mean training\.learningRate\?$/],
    ["unknown section", { ...minimal, zebra: {} }, /^zebra: unknown key$/],
    ["key in the wrong section", { ...minimal, batchSize: 4 }, /^batchSize: unknown key; did you mean (training|evaluation)\.batchSize\?$/],
    ["__proto__", `{"__proto__": {"x": 1}, ${JSON.stringify(minimal).slice(1)}`, /^__proto__: unknown key$/],
  ])("%s", (_, content, line) => {
    expect(problems(content)).toEqual([expect.stringMatching(line)]);
  });

  test("and come all at once", () => {
    const training = { ...minimal.training, epochs: 0, seed: -1 };
    const found = problems({ ...minimal, nmae: 1, training }, ["data.dve=x"]);
    const keys = found.map((line) => line.split(":")[0]).sort();
    expect(keys).toEqual(["--set data.dve", "nmae", "training.epochs", "training.seed"]);
    expect(found).toContain("--set data.dve: unknown key; did you mean data.dev?");
  });
});

describe("overrides", () => {
  test("replace what the file says, sections included", () => {
    const config = loadConfig(write(minimal), [
      "training.epochs=7", "training.schedule={\"type\":\"step\",\"everySteps\":5,\"decay\":0.5}",
      "training.device=cuda:1", "head.rope=false", "training.epochs=8", "data.entityTypes=[\"b\",\"a\"]",
    ]);
    expect(config.training.epochs).toBe(8);
    expect(config.training.schedule).toEqual({ type: "step", everySteps: 5, decay: 0.5 });
    expect(config.training.device).toBe("cuda:1");
    expect(config.head.rope).toBe(false);
    expect(config.data.entityTypes).toEqual(["b", "a"]);
  });

  test("give paths from the working directory", () => {
    const config = loadConfig(write(minimal), ["data.train=other.jsonl", "output=out"]);
    expect(config.data.train).toBe(resolve("other.jsonl"));
    expect(config.output).toBe(resolve("out"));
    expect(config.data.dev).toBe(join(folder, "dev.jsonl"));
  });

  test("make sections that the file lacks", () => {
    const { evaluation } = loadConfig(write(minimal), ["evaluation.threshold=-1.5"]);
    expect(evaluation).toEqual({ batchSize: 32, threshold: -1.5 });
  });

  test("do not touch the config they are put on", () => {
    const before = structuredClone(minimal);
    applyOverride(minimal, { path: "training.epochs", value: 9 });
    expect(minimal).toEqual(before);
  });

  test.each(["training.epochs", "=3", ""])("%j is not key=value", (argument) => {
    expect(problems(minimal, [argument])).toEqual([expect.stringContaining("write it as key=value")]);
  });

  test("a value of the wrong kind is refused like one in the file", () => {
    expect(problems(minimal, ["training.epochs=many"])).toEqual([expect.stringMatching(/^training\.epochs: found "many"/)]);
  });

  test("any JSON value goes through as it is, and other text as text", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      expect(parseOverride(`name=${json}`)).toEqual({ path: "name", value: JSON.parse(json) as unknown });
    }));
    fc.assert(fc.property(fc.string().filter((text) => /^[a-z]/.test(text) && !/^(true|false|null)$/.test(text)), (text) => {
      expect(parseOverride(`name=${text}`)).toEqual({ path: "name", value: text });
    }));
  });
});

describe("known keys", () => {
  test("docs/configuration.md tells every key with its default", () => {
    const rows = readFileSync("docs/configuration.md", "utf8").split("\n").filter((line) => line.startsWith("| `"));
    for (const { path, defaults, section } of knownKeys()) {
      const row = rows.find((line) => line.startsWith(`| \`${path}\` |`));
      if (section && row === undefined) continue;
      expect({ path, documented: row !== undefined }).toEqual({ path, documented: true });
      const [, , stated = ""] = (row ?? "").split("|");
      for (const value of defaults) {
        const numbers = [...stated.matchAll(/`([^`]*)`/g)].map((match) => JSON.parse(match[1] ?? "") as unknown);
        expect({ path, stated: numbers }).toEqual({ path, stated: [value] });
      }
    }
  });

  test("and no key that is not there", () => {
    const [, reference = ""] = readFileSync("docs/configuration.md", "utf8").split("\n## Run and data\n");
    const documented = [...reference.matchAll(/^\| `([\w.]+)` \|/gm)].map((match) => match[1]);
    const known = knownKeys().map((key) => key.path);
    expect(documented.length).toBeGreaterThan(40);
    expect(documented.filter((key) => key === undefined || !known.includes(key))).toEqual([]);
  });

  test("path keys are keys", () => {
    const known = knownKeys().map((key) => key.path);
    for (const key of pathKeys) expect(known).toContain(key);
  });

  test("the JSON schema is strict at every level", () => {
    expect(configJsonSchema()).toMatchObject({ type: "object", additionalProperties: false });
  });

  test.each([
    ["training.maxSeqLne", "training.maxSeqLen"], ["training.max_seq_len", "training.maxSeqLen"],
    ["evaluation.batchsize", "evaluation.batchSize"], ["learningRate", "training.learningRate"], ["outptu", "output"],
  ])("%s is near %s", (written, meant) => {
    expect(nearestKey(written)).toBe(meant);
  });
  test("nothing is near nonsense", () => {
    expect(nearestKey("training.xylophone")).toBeUndefined();
  });
});
