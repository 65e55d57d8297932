import { createHash } from "node:crypto";

/** Stands for a text where many are compared: 16 bytes as a short string, so that the texts need not be kept. */
export function textDigest(text: string): string {
  return createHash("md5").update(text, "utf16le").digest("base64");
}
