// The files of a Hugging Face directory that are read here, by name.

export const CONFIG_FILE = "config.json";
export const VOCABULARY_FILE = "vocab.txt";
export const TOKENIZER_CONFIG_FILE = "tokenizer_config.json";

/** Either holds the weights; the safe format comes first. */
export const WEIGHTS_FILES = ["model.safetensors", "pytorch_model.bin"] as const;

/** These say that the weights are split into several files. */
export const SPLIT_WEIGHTS_FILES = WEIGHTS_FILES.map((name) => `${name}.index.json`);
