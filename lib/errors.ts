const codes = [
  "CONFIG", // a config file or command-line value is missing, malformed or contradictory
  "DATA", // an annotation file or one of its lines cannot be used
  "TOKENIZER", // a vocabulary is missing or unusable
  "MODEL_DIRECTORY", // a model or pretrained directory is incomplete or inconsistent
  "CHECKPOINT", // a run directory cannot be resumed
  "DOWNLOAD", // a model cannot be fetched: its name, the network, access, or what came is not what was announced
  "OUTPUT", // a result cannot be written, or would overwrite something
  "TRAINING", // training cannot go on (a loss that is not finite, say)
  "SETUP", // LibTorch or the native addon is missing or does not load
  "DISPOSED", // the model was disposed before the call
  "BAD_SHAPE", // tensors do not fit together
  "BAD_WEIGHTS", // a weight file is damaged or does not fit the model
  "OUT_OF_MEMORY",
  "DEVICE", // the requested device does not exist, failed, or lacks the instructions for a precision
  "INTERNAL", // a fault of this project
] as const;

/** What went wrong, as a stable word that programs can switch on. */
export type ErrorCode = (typeof codes)[number];

export function isErrorCode(value: unknown): value is ErrorCode {
  return codes.some((code) => code === value);
}

/**
 * An error whose message is meant for the person who runs the program: one sentence that names the place and the
 * remedy. The commands print it without a stack trace; anything that is not a GlobalPointerError is a fault of ours.
 */
export class GlobalPointerError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "GlobalPointerError";
    this.code = code;
  }
}
