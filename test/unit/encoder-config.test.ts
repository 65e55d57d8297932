// What Hugging Face directories say of their encoder and tokenizer, and what is refused.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  computesAsBert, encoderConfigFrom, encoderConfigSchema, usablePositions,
} from "../../lib/model/encoder-config.js";
import { readEncoderDirectory } from "../../lib/model/pretrained.js";
import { temporaryFolder } from "../support/commands.js";

const sizes = { vocab_size: 30, hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 };

describe("the defaults of each type", () => {
  test.each([
    ["bert", { embeddingSize: 16, positions: "learned", positionOffset: 0, maxPositionEmbeddings: 512, padTokenId: 0 }],
    ["roberta", {
      embeddingSize: 16, positions: "learned", positionOffset: 2, maxPositionEmbeddings: 512, padTokenId: 1,
    }],
    ["electra", { embeddingSize: 128, positions: "learned", positionOffset: 0, maxPositionEmbeddings: 512 }],
    ["ernie", { embeddingSize: 16, positions: "learned", positionOffset: 0, taskTypeVocabSize: 0 }],
    ["roformer", {
      embeddingSize: 16, positions: "rotary", positionOffset: 0, maxPositionEmbeddings: 1536, rotaryValue: false,
    }],
  ] as const)("%s", (modelType, switches) => {
    const shape = encoderConfigSchema.parse({ ...sizes, model_type: modelType });
    expect(shape).toMatchObject({
      modelType, typeVocabSize: 2, layerNormEps: 1e-12, hiddenAct: "gelu", taskTypeVocabSize: 0, rotaryValue: false,
      hiddenDropoutProb: 0.1, attentionProbsDropoutProb: 0.1, ...switches,
    });
    expect(encoderConfigSchema.parse(encoderConfigFrom(shape))).toEqual(shape);
  });

  test("a config without model_type is a BERT", () => {
    expect(encoderConfigSchema.parse(sizes).modelType).toBe("bert");
  });

  test("an ERNIE has as many tasks as it says where it uses them", () => {
    const ernie = { ...sizes, model_type: "ernie", use_task_id: true };
    expect(encoderConfigSchema.parse(ernie).taskTypeVocabSize).toBe(3);
    expect(encoderConfigSchema.parse({ ...ernie, task_type_vocab_size: 16 }).taskTypeVocabSize).toBe(16);
    const without = { ...ernie, use_task_id: false, task_type_vocab_size: 0 };
    expect(encoderConfigSchema.parse(without).taskTypeVocabSize).toBe(0);
  });

  test("a RoBERTa leaves the positions up to its padding unused", () => {
    const of = (padding: number): number =>
      usablePositions(encoderConfigSchema.parse({ ...sizes, model_type: "roberta", pad_token_id: padding }));
    expect([of(0), of(1), of(5)]).toEqual([511, 510, 506]);
    expect(usablePositions(encoderConfigSchema.parse(sizes))).toBe(512);
  });

  test("BertModel computes what is no different from BERT", () => {
    const same = (config: object): boolean => computesAsBert(encoderConfigSchema.parse({ ...sizes, ...config }));
    expect(same({})).toBe(true);
    expect(same({ model_type: "ernie" })).toBe(true);
    expect(same({ model_type: "electra", embedding_size: 16 })).toBe(true);
    for (const model_type of ["roberta", "electra", "roformer"]) expect(same({ model_type })).toBe(false);
    expect(same({ model_type: "ernie", use_task_id: true })).toBe(false);
  });
});

describe("a config that is refused", () => {
  test.each([[[]], [null], ["bert"], [3]])("%j", (value) => {
    const { error } = encoderConfigSchema.safeParse(value);
    expect(error?.issues).toMatchObject([{ path: [], message: "is not an object" }]);
  });

  const types = "only \"bert\", \"roberta\", \"electra\", \"ernie\", \"roformer\" are supported";
  test.each<[string, object, string, string]>([
    ["an unknown type", { model_type: "xlm-roberta" }, "model_type", `is "xlm-roberta", but ${types}`],
    ["a type that is no text", { model_type: 3 }, "model_type", `is 3, but ${types}`],
    ["a decoder", { is_decoder: true }, "is_decoder", "is true, but a decoder is not supported"],
    ["a decoder of another type", { model_type: "roformer", is_decoder: true }, "is_decoder", "is true, but a decoder"],
    ["cross-attention", { model_type: "roberta", add_cross_attention: true }, "add_cross_attention", "is true"],
    ...["bert", "roberta", "electra", "ernie"].map((model_type): [string, object, string, string] => [
      `relative positions in ${model_type}`, { model_type, position_embedding_type: "relative_key" },
      "position_embedding_type", "is \"relative_key\", but only \"absolute\" is supported",
    ]),
    ["a RoBERTa without padding", { model_type: "roberta", pad_token_id: null }, "pad_token_id", "is no number"],
    ["a RoBERTa whose padding takes the positions", { model_type: "roberta", max_position_embeddings: 4 },
      "max_position_embeddings", "leaves no positions"],
    ["heads of an odd size with rotary positions", { model_type: "roformer", hidden_size: 18 }, "hidden_size",
      "gives attention heads of an odd size"],
    ["heads that do not divide the width", { model_type: "electra", num_attention_heads: 3 }, "hidden_size",
      "is not a multiple of num_attention_heads"],
    ["padding outside the vocabulary", { model_type: "roberta", pad_token_id: 30 }, "pad_token_id", "is not below"],
    ["tasks of which there are none", { model_type: "ernie", use_task_id: true, task_type_vocab_size: 0 },
      "task_type_vocab_size", "is 0, but use_task_id is true"],
    ["an embedding of no width", { model_type: "electra", embedding_size: 0 }, "embedding_size", ""],
  ])("%s", (_, change, key, message) => {
    const [issue] = encoderConfigSchema.safeParse({ ...sizes, ...change }).error?.issues ?? [];
    expect(issue?.path).toEqual([key]);
    expect(issue?.message).toContain(message);
  });
});

describe("the tokenizer of a directory", () => {
  const vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "甲"].join("\n");
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => { folder = temporaryFolder(); });
  afterAll(() => { folder.remove(); });

  /** Reads a directory of these files, given as text or as what JSON says. */
  const read = (modelType: string, files: Record<string, unknown>, config: object = {}) => {
    const directory = join(folder.path, "encoder");
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory);
    const all = { "config.json": { ...sizes, model_type: modelType, ...config }, ...files };
    for (const [name, content] of Object.entries(all)) {
      writeFileSync(join(directory, name), typeof content === "string" ? content : JSON.stringify(content));
    }
    return readEncoderDirectory(directory);
  };

  test.each<[string, string, Record<string, unknown>, RegExp]>([
    ["byte-level BPE", "roberta", { "vocab.json": {}, "merges.txt": "" },
      /encoder has no vocab\.txt, but vocab\.json and merges\.txt, which are a byte-level BPE; only WordPiece is supp/],
    ["SentencePiece", "ernie", { "sentencepiece.bpe.model": "" },
      /has no vocab\.txt, but sentencepiece\.bpe\.model, which is of SentencePiece; .* has its vocabulary in a vocab\.txt/],
    ["a tokenizer.json of Unigram", "bert", { "tokenizer.json": { model: { type: "Unigram" } } },
      /has no vocab\.txt, but a tokenizer\.json of the kind Unigram; only WordPiece is supported/],
    ["a tokenizer.json that does not say", "bert", { "tokenizer.json": "{" }, /a tokenizer\.json of an unknown kind; only/],
    ["WordPiece in a tokenizer.json alone", "bert", { "tokenizer.json": { model: { type: "WordPiece" } } },
      /has no vocab\.txt, but a WordPiece vocabulary in tokenizer\.json: write its tokens into a vocab\.txt beside it/],
    ["nothing", "bert", {}, /The vocabulary .*vocab\.txt does not exist/],
    ["words cut by jieba", "roformer", {
      "vocab.txt": vocabulary, "tokenizer_config.json": { tokenizer_class: "RoFormerTokenizerFast" },
    }, /has the tokenizer RoFormerTokenizerFast, which cuts texts into words by jieba before WordPiece; .* not supported/],
    ["a RoFormer that names no tokenizer", "roformer", { "vocab.txt": vocabulary },
      /names no tokenizer_class, and that of a roformer model is then RoFormerTokenizer, which .* jieba .*"BertTokenizer"/],
    ["pairs of pieces in a vocab.txt", "roberta", {
      "vocab.txt": "a 1\n", "tokenizer_config.json": { tokenizer_class: "PhobertTokenizer" },
    }, /has the tokenizer PhobertTokenizer, which joins pairs of pieces \(BPE\); that is not supported/],
  ])("is refused: %s", (_, modelType, files, message) => {
    let error: unknown;
    try {
      read(modelType, files);
    } catch (reason) {
      error = reason;
    }
    expect(error).toMatchObject({ code: "TOKENIZER", message: expect.stringMatching(message) as string });
  });

  test("is taken where a RoFormer has BertTokenizer, by either file", () => {
    const files = { "vocab.txt": vocabulary, "tokenizer_config.json": { tokenizer_class: "BertTokenizer" } };
    expect(read("roformer", files).shape.positions).toBe("rotary");
    const { shape } = read("roformer", { "vocab.txt": vocabulary }, { tokenizer_class: "BertTokenizer" });
    expect(shape).not.toHaveProperty("tokenizer_class");
  });

  test("of a RoBERTa is taken where it has a vocab.txt", () => {
    const { tokenizer, shape } = read("roberta", {
      "vocab.txt": vocabulary, "vocab.json": {}, "merges.txt": "", "tokenizer_config.json": { do_lower_case: false },
    });
    expect(tokenizer).toEqual({ lowerCase: false, tokenizeChineseChars: true });
    expect(shape.positionOffset).toBe(2);
  });
});
