import { z } from "zod";
import { LIMITS } from "../data/limits.js";
import { flag, oneOf, wholeNumber } from "./fields.js";

/** The section `head`: what scores the spans; what a type has no use for is refused rather than ignored. */
export const headSection = z.strictObject({
  type: oneOf(["global-pointer", "efficient-global-pointer", "tplinker"]).default("global-pointer"),
  headSize: wholeNumber(1, LIMITS.headSize).optional(),
  rope: flag().optional(),
  biasInput: oneOf(["projection", "hidden"]).optional(),
  maskSpecialTokens: flag().default(false),
}, "an object").superRefine(({ type, headSize, rope, biasInput }, context) => {
  const refuse = (key: string, message: string): void => {
    context.addIssue({ code: "custom", path: [key], message });
  };
  if (type === "tplinker") {
    const why = "cannot be given for a \"tplinker\" head, which has no queries and keys; remove it, or give the whole "
      + "section anew: --set head='{\"type\":\"tplinker\"}'";
    if (headSize !== undefined) refuse("headSize", why);
    if (rope !== undefined) refuse("rope", why);
  } else if (headSize !== undefined && headSize % 2 !== 0 && rope !== false) {
    refuse("headSize", "is odd, but head.rope rotates pairs of dimensions; give an even number");
  }
  if (biasInput !== undefined && type !== "efficient-global-pointer") {
    refuse("biasInput", `cannot be given for a "${type}" head, which has no biases by type; remove it`);
  }
}).transform(({ type, headSize = 64, rope = true, biasInput = "projection", maskSpecialTokens }) => {
  switch (type) {
    case "global-pointer": return { type, headSize, rope, maskSpecialTokens };
    case "efficient-global-pointer": return { type, headSize, rope, biasInput, maskSpecialTokens };
    case "tplinker": return { type, maskSpecialTokens };
  }
});
