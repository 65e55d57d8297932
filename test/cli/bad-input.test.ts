// Whatever is wrong with what the commands are given: one clear sentence with the place and the remedy, a status that
// is not 0, nothing half-written, and nothing lost.
import {
  appendFileSync, copyFileSync, cpSync, existsSync, readFileSync, rmSync, truncateSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  expectRefusal, filesBelow, projectRoot, runCommand, startCommand, temporaryFolder,
} from "../support/commands.js";
import { tinyConfig, writeTinyCorpus } from "../support/tiny-corpus.js";

const fixtures = join(projectRoot, "test", "fixtures", "weights");

let folder: ReturnType<typeof temporaryFolder>;
const at = (...names: string[]): string => join(folder.path, ...names);

/** All files below the folder with their contents. */
function snapshot(): Record<string, string> {
  return Object.fromEntries(filesBelow(folder.path).map((name) => [name, readFileSync(at(name)).toString("base64")]));
}

async function refused(line: string, message: RegExp, status = 1, input = ""): Promise<void> {
  const before = snapshot();
  const [name = "", ...args] = line.split(" ");
  expectRefusal(await runCommand(name as "gp-train", args, { cwd: folder.path, input }), message, status);
  expect(snapshot()).toEqual(before);
}

/** Changes a JSON file of the folder. */
function edit(file: string, change: (content: Record<string, unknown>) => object): void {
  const content = JSON.parse(readFileSync(at(file), "utf8")) as Record<string, unknown>;
  writeFileSync(at(file), JSON.stringify(change(content)));
}

function without(content: object, key: string): object {
  return Object.fromEntries(Object.entries(content).filter(([name]) => name !== key));
}

/** A fresh copy of the stopped run, to damage. */
function damagedRun(): void {
  rmSync(at("damaged"), { recursive: true, force: true });
  cpSync(at("stopped"), at("damaged"), { recursive: true });
}

beforeAll(async () => {
  folder = temporaryFolder();
  writeTinyCorpus(folder.path);
  const command = startCommand("gp-train", ["--config", "config.json", "--output", "stopped", "--set",
    "training.epochs=60"], { cwd: folder.path });
  await command.saying("epoch 1 ");
  command.child.kill("SIGINT");
  expect(await command.ended).toMatchObject({ status: 130 });
});
afterAll(() => { folder.remove(); });

describe("the command line", () => {
  test.each<[string, RegExp]>([
    ["gp-train", /say what to train: give --config FILE, or --resume DIR \(see gp-train --help\)/],
    ["gp-train --config", /Not enough arguments following: config/],
    ["gp-train --config config.json --set", /Not enough arguments following: set/],
    ["gp-train --config config.json --epochs 3", /Unknown argument: epochs/],
    ["gp-train --config config.json spare", /Unknown argument: spare/],
    ["gp-train --config config.json --config config.json", /--config is given more than once/],
    ["gp-train --config config.json --threads abc", /--threads takes one whole number from 0 to 1024/],
    ["gp-train --resume stopped --threads -1", /--threads takes one whole number from 0 to 1024/],
    ["gp-train --resume stopped --set training.epochs=9", /leave --set out/],
    ["gp-train --resume stopped --config config.json", /leave --config out/],
    ["gp-eval --model stopped/best", /Missing required argument: data/],
    ["gp-eval --model stopped/best --data dev.jsonl --compat other", /compat, Given: "other", Choices: "seed"/],
    ["gp-eval --model stopped/best --data dev.jsonl --batch-size 0", /--batch-size takes one whole number from 1/],
    ["gp-predict --model stopped/best --threshold abc", /--threshold takes a number, or TYPE=NUMBER, but is "abc"/],
    ["gp-predict --model stopped/best --format xml", /format, Given: "xml", Choices: "jsonl", "cluener"/],
    ["gp-convert", /Say which way: from-seed or to-seed/],
    ["gp-convert sideways", /Unknown argument: sideways/],
    ["gp-convert to-seed --model stopped/best", /Missing required argument: output/],
  ])("%s", async (line, message) => {
    await refused(line, message, 2);
  });
});

describe("the config", () => {
  beforeAll(() => {
    writeFileSync(at("empty.json"), "");
    writeFileSync(at("cut.json"), JSON.stringify(tinyConfig()).slice(0, 100));
    writeFileSync(at("binary.json"), Buffer.from([0xff, 0xfe, 0x00]));
  });

  test.each<[string, RegExp]>([
    ["none.json", /^gp-train: none\.json: there is no such file; .* \[CONFIG\]\n$/],
    ["empty.json", /empty\.json: the file is empty; see docs/],
    ["cut.json", /cut\.json:1:\d+: not valid JSON/],
    ["binary.json", /binary\.json: is not UTF-8 text/],
    [".", /is a folder; give the path of a config file/],
    ["config.json --set training.epoch=3", /--set training\.epoch: unknown key; did you mean training\.epochs\?/],
    ["config.json --set training.epochs", /write it as key=value/],
    ["config.json --set training.epochs=few", /training\.epochs: found "few"; allowed: a whole number, 1 or more/],
    ["config.json --set training.maxSeqLen=99", /training\.maxSeqLen: 99 is more than encoder\.maxPositionEmbeddings/],
    ["config.json --device tpu", /training\.device: found "tpu"/],
    ["config.json --device cuda:99", /The device "cuda:99" was asked for, but .* \[DEVICE\]/],
  ])("%s", async (rest, message) => {
    await refused(`gp-train --output out --config ${rest}`, message);
  });
});

describe("the data", () => {
  const label = (mentions: object): string => JSON.stringify({ text: "张伟去了北京", label: { person: mentions } });
  const cases: [string, string, RegExp][] = [
    ["not JSON", "{\"text\": ", /is not JSON/],
    ["no text", "{\"label\":{}}", /has no "text"; add it/],
    ["an empty text", "{\"text\":\"\",\"label\":{}}", /"text" is empty/],
    ["no label", "{\"text\":\"a\"}", /has no annotation; add it/],
    ["a span outside the text", label({ 北京: [[4, 6]] }), /\[4, 6\] .* is outside the text of 6 characters/],
    ["a negative span", label({ 张伟: [[-1, 1]] }), /\[-1, 1\] .* is outside the text/],
    ["an inverted span", label({ 张伟: [[1, 0]] }), /\[1, 0\] .* ends before it starts/],
    ["an empty span", label({ "": [[0, -1]] }), /\[0, -1\] .* ends before it starts/],
    ["a span that is no pair", label({ 张伟: [[0]] }), /not a pair of whole numbers/],
    ["a span that covers something else", label({ 张伟: [[1, 2]] }), /covers "伟去"; mend it/],
  ];

  test.each(cases)("a training line with %s is named by file and line", async (_, line, message) => {
    copyFileSync(at("train.jsonl"), at("faulty.jsonl"));
    appendFileSync(at("faulty.jsonl"), `\n${line}\n`);
    await refused("gp-train --config config.json --output out --set data.train=faulty.jsonl",
      new RegExp(`^gp-train: .*faulty\\.jsonl:26: .*${message.source}`));
  });

  test("a faulty dev line is told before the training, and in gp-eval too; so is a type that the model does not know",
    async () => {
      copyFileSync(at("dev.jsonl"), at("faulty.jsonl"));
      appendFileSync(at("faulty.jsonl"), "{\"text\":\"张伟\",\"label\":{\"animal\":{\"张伟\":[[0,1]]}}}\n");
      const message = /faulty\.jsonl:10: unknown entity type "animal"; known are organization, person, place/;
      await refused("gp-train --config config.json --output out --set data.dev=faulty.jsonl", message);
      await refused("gp-eval --model stopped/best --data faulty.jsonl", message);
    });

  test("entities that stand twice on a line count once, and are told", async () => {
    copyFileSync(at("dev.jsonl"), at("twice.jsonl"));
    appendFileSync(at("twice.jsonl"), `${label({ 张伟: [[0, 1], [0, 1]] })}\n`);
    const outcome = await runCommand("gp-eval", ["--model", at("stopped/best"), "--data", at("twice.jsonl")]);
    expect(outcome).toMatchObject({ status: 0 });
    expect(outcome.stderr).toMatch(/twice\.jsonl: 1 entities stand twice in their text; each counts once/);
  });

  test("missing and empty files", async () => {
    writeFileSync(at("empty.jsonl"), "");
    for (const key of ["data.train", "data.dev"]) {
      const train = `gp-train --config config.json --output out --set ${key}`;
      await refused(`${train}=none.jsonl`, /none\.jsonl: there is no such file; check the path/);
      await refused(`${train}=empty.jsonl`, /empty\.jsonl: holds no samples/);
    }
    await refused("gp-eval --model stopped/best --data none.jsonl", /none\.jsonl: there is no such file/);
    await refused("gp-predict --model stopped/best --input none.txt", /none\.txt: there is no such file/);
    await refused("gp-predict --model stopped/best --input stopped", /stopped: is a folder, not a file/);
  });

  test("a training set without a single entity", async () => {
    writeFileSync(at("bare.jsonl"), "{\"text\":\"a\",\"label\":{}}\n");
    await refused("gp-train --config config.json --output out --set data.train=bare.jsonl", /holds no entity at all/);
  });
});

describe("a training that diverges", () => {
  const wild = "--set training.learningRate=1e30 --set training.maxGradNorm=0 "
    + "--set training.schedule={\"type\":\"constant\"}";

  test("ends before a step is taken with what is not a number, and leaves no empty run behind", async () => {
    await refused(`gp-train --config config.json --output out ${wild}`,
      /^gp-train: The (loss|gradient norm) \(.*\) is not a finite number in step \d of epoch 1: lower training\.learningRate/);
    expect(existsSync(at("out"))).toBe(false);
  });
});

describe("a place that cannot be written to", () => {
  test.each<[string, RegExp]>([
    ["gp-train --config config.json --output dev.jsonl", /Cannot write dev\.jsonl: part of the path is a file/],
    ["gp-train --config config.json --output dev.jsonl/run", /Cannot write dev\.jsonl\/run: part of the path is a file/],
    ["gp-train --config config.json --output /proc/run", /Cannot write \/proc\/run: .* choose another place/],
    ["gp-train --config config.json --output stopped", /stopped holds a run already/],
    ["gp-train --config config.json --output stopped/best", /stopped\/best exists already and is not empty/],
    ["gp-predict --model stopped/best --output none/out", /Cannot write none\/out: there is no folder/],
    ["gp-predict --model stopped/best --output stopped", /Cannot write stopped: it is a folder/],
    ["gp-predict --model stopped/best --output dev.jsonl/out", /part of the path is a file/],
    ["gp-convert to-seed --model stopped/best --output stopped", /stopped exists already and is not empty/],
    ["gp-convert to-seed --model stopped/best --output dev.jsonl/out", /part of the path is a file/],
  ])("%s", async (line, message) => {
    await refused(line, message, 1, "张伟\n");
  });
});

describe("a model directory", () => {
  const use = (message: RegExp): Promise<void> => refused("gp-predict --model damaged/best", message, 1, "张伟\n");

  beforeEach(damagedRun);

  test("that is not there, a file, or a run", async () => {
    await refused("gp-predict --model none", /^gp-predict: none does not exist: use a model directory as gp-train/);
    await refused("gp-predict --model dev.jsonl", /dev\.jsonl is not a directory/);
    await refused("gp-eval --data dev.jsonl --model stopped", /stopped is a run, not .*: use the model in stopped\/best/);
  });

  test.each<[string, string]>([
    ["config.json", " is not valid JSON: "],
    ["vocab.txt", " holds \\d+ tokens, but the model was saved with \\d+: bring back the vocabulary"],
    ["model.safetensors", ": tensor .* which has only \\d+; the file is damaged or incomplete"],
  ])("with a torn, an empty and no %s", async (name, torn) => {
    const file = join("damaged", "best", name);
    const size = readFileSync(at(file)).length;
    truncateSync(at(file), size - 12); // three lines of the vocabulary
    await use(new RegExp(`${name}${torn}`));
    truncateSync(at(file), 0);
    await use(new RegExp(`${name}:? (is empty|the file is empty)`));
    rmSync(at(file));
    await use(new RegExp(`${name} does not exist`));
  });

  test.each<[string, (config: Record<string, unknown>) => object, RegExp]>([
    ["of another kind", (config) => ({ ...config, model_type: "gpt2" }),
      /"model_type": is "gpt2", but only "bert", "roberta", "electra", "ernie", "roformer" are supported/],
    ["that is a decoder", (config) => ({ ...config, is_decoder: true }), /"is_decoder": is true, but a decoder is not/],
    ["without sizes", (config) => without(config, "hidden_size"), /"hidden_size": /],
    ["with sizes that do not fit each other", (config) => ({ ...config, hidden_size: 15 }), /not a multiple of num_att/],
    ["with sizes that do not fit the weights", (config) => ({ ...config, intermediate_size: 8 }), /has the shape \[32, 16\]/],
    ["with fewer embeddings than its vocabulary has tokens", (config) => ({ ...config, vocab_size: 9 }),
      /vocab\.txt holds \d+ tokens, but config\.json beside it says vocab_size 9: use the vocabulary that belongs/],
    ["with a [PAD] outside the embeddings", (config) => ({ ...config, pad_token_id: 999 }), /"pad_token_id": is not below/],
    ["that is an encoder only", (config) => without(config, "globalPointer"), /"globalPointer": missing, as in an encoder/],
    ["of a later version", (config) => ({ ...config, globalPointer: { ...config["globalPointer"] as object,
      formatVersion: 2 } }), /"globalPointer\.formatVersion": is 2, but this version .* reads 1/],
  ])("%s", async (_, change, message) => {
    edit("damaged/best/config.json", change);
    await use(message);
  });

  test("whose vocabulary lacks a special token", async () => {
    writeFileSync(at("damaged/best/vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n");
    await use(/vocab\.txt has no line "\[SEP\]"/);
  });
});

describe("a pretrained directory", () => {
  const train = (directory: string): string =>
    `gp-train --config pretrained.json --output out --set encoder.pretrained=${directory}`;

  beforeAll(() => {
    const config = { ...tinyConfig({ maxSeqLen: 8 }), encoder: { pretrained: "pretrained" } };
    writeFileSync(at("pretrained.json"), JSON.stringify(config));
    cpSync(join(fixtures, "directories"), at("directories"), { recursive: true });
    truncateSync(at("directories", "with-safetensors", "model.safetensors"), 200);
  });

  test.each<[string, RegExp]>([
    ["none", /none does not exist: use a complete directory of a Hugging Face encoder/],
    ["dev.jsonl", /dev\.jsonl is not a directory/],
    ["directories/without-weights", /without-weights has no weights/],
    ["directories/sharded", /split into several files, which is not supported: save the model as one/],
    ["directories/with-safetensors", /with-safetensors\/model\.safetensors.*; /],
    ["stopped/best --set training.maxSeqLen=30", /training\.maxSeqLen is 30, but the encoder has 24 positions/],
  ])("%s", async (directory, message) => {
    await refused(train(directory), message);
  });
});

describe("a checkpoint", () => {
  const resume = (message: RegExp): Promise<void> => refused("gp-train --resume damaged", message);

  beforeEach(damagedRun);

  test("that is not there", async () => {
    await refused("gp-train --resume none", /none does not exist: give the directory of a run to resume/);
    await refused("gp-train --resume stopped/best", /last does not exist: resume takes the directory of a run/);
  });

  test("whose run has lost its config or its best model", async () => {
    rmSync(at("damaged/best"), { recursive: true });
    edit("damaged/last/trainer.json", (state) => ({ ...state, stepInEpoch: 1 })); // otherwise last/ may be a copy of it
    await resume(/damaged\/best, the model of epoch \d+, is gone/);
    rmSync(at("damaged/config.json"));
    await resume(/damaged\/config\.json does not exist/);
  });

  test.each(["config.json", "vocab.txt", "model.safetensors", "optimizer.safetensors", "trainer.json"])(
    "with %s damaged, emptied or missing", async (name) => {
      const file = at("damaged", "last", name);
      const told = (fault: string): RegExp => new RegExp(
        "^gp-train: (?=.* cannot be resumed, so train anew)"
        + `.*damaged/last/${name}:? .*${fault}.* \\[CHECKPOINT\\]\n$`,
      );
      truncateSync(file, readFileSync(file).length - 12);
      await resume(told("(not valid JSON|has only \\d+|holds \\d+ tokens)"));
      truncateSync(file, 0);
      await resume(told("is empty"));
      rmSync(file);
      await resume(told("(does not exist|No such file)"));
    },
  );

  test("whose optimizer belongs to another model", async () => {
    copyFileSync(join(fixtures, "plain.safetensors"), at("damaged/last/optimizer.safetensors"));
    await resume(/damaged cannot be resumed, so train anew: The optimizer state .*optimizer\.safetensors lacks its randomSeed/);
  });

  test("whose data changed", async () => {
    copyFileSync(at("train.jsonl"), at("kept.jsonl"));
    try {
      appendFileSync(at("train.jsonl"), "{\"text\":\"张伟\",\"label\":{}}\n");
      await resume(/The data of damaged changed since it began \(.*train\.jsonl, .*dev\.jsonl\): bring the old files back/);
    } finally {
      copyFileSync(at("kept.jsonl"), at("train.jsonl"));
    }
  });
});
