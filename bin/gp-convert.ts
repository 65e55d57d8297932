#!/usr/bin/env node
import { convertFromSeed, convertToSeed } from "../lib/model/convert.js";
import { commandLine, endOnInterruption, runCommand, wholeNumber } from "./command.js";
import { given } from "./model-options.js";

const needed = { type: "string", requiresArg: true, demandOption: true } as const;

await runCommand("gp-convert", async (args) => {
  endOnInterruption();
  await commandLine("gp-convert", args)
    .usage("$0 <direction>\n\nModels to and from GlobalPointer_pytorch.")
    .command("from-seed", "A state dict into a model directory", (builder) => builder
      .option("state-dict", { ...needed, describe: "model_state_dict_N.pt" })
      .option("encoder", { ...needed, describe: "The directory of its encoder: config.json and vocab.txt" })
      .option("ent2id", { ...needed, describe: "ent2id.json" })
      .option("output", { ...needed, describe: "The new model directory" })
      .option("lower-case", {
        type: "boolean", default: false, describe: "Lower-case the text; the original does not",
      })
      .option("head-size", {
        type: "number", requiresArg: true, coerce: wholeNumber("head-size", 1, 1 << 16),
        describe: "inner_dim of the original; default: 64",
      })
      .option("rope", { type: "boolean", default: true, describe: "--no-rope for a model trained without" }),
    async ({ stateDict, encoder, ent2id, output, lowerCase, headSize, rope }) => {
      await convertFromSeed({ stateDict, encoder, ent2id, lowerCase, rope, ...given({ headSize }) }, output);
      process.stdout.write(`wrote the model directory ${output}\n`);
    })
    .command("to-seed", "A model directory into a state dict and ent2id.json", (builder) => builder
      .option("model", { ...needed, describe: "The model directory" })
      .option("output", { ...needed, describe: "A new directory" }),
    async ({ model, output }) => {
      await convertToSeed(model, output);
      process.stdout.write(`wrote model_state_dict.pt and ent2id.json into ${output}\n`);
    })
    .demandCommand(1, 1, "Say which way: from-seed or to-seed", "Say one direction only")
    .parseAsync();
  return 0;
});
