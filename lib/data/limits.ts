/*
 * The largest sizes that may be asked for. Those of a model are the native engine's own (native/binding/arguments.cc),
 * which keep every product of two sizes far from overflow; checked on this side too, where the key has a name.
 */
export const LIMITS = {
  /** Vocabulary, hidden and intermediate size, positions. */
  size: 2 ** 24,
  layers: 1024,
  attentionHeads: 1024,
  typeVocabSize: 1024,
  headSize: 2 ** 16,
  entityTypes: 2 ** 20,
  /** Texts at a time. */
  batchSize: 2 ** 20,
  /** Of projected gradient descent on the embeddings. */
  ascents: 1000,
  seed: 2 ** 32 - 1,
} as const;
