#!/usr/bin/env node
import { existsSync } from "node:fs";
import { join } from "node:path";
import { downloadModel, type DownloadedModel } from "../lib/download/download-model.js";
import { hubSettings } from "../lib/download/hub-settings.js";
import { checkModelName, shortName } from "../lib/download/model-name.js";
import { partialDirectory } from "../lib/download/partial-directory.js";
import { commandLine, runCommand, stopOnInterruption, wholeNumber } from "./command.js";
import { downloadDisplay } from "./download-display.js";

function asText({ fetched, ...model }: DownloadedModel): string {
  const { name, commit, directory, modelType, numHiddenLayers, hiddenSize, vocabularySize } = model;
  return (fetched ? `wrote ${directory}` : `${directory} is there already, and the same as ${name} at ${commit}`)
    + `: ${modelType}, layers: ${numHiddenLayers}, width: ${hiddenSize}, tokens in the vocabulary: ${vocabularySize}\n`
    + `to train on it, write "encoder": { "pretrained": ${JSON.stringify(directory)} } into a config; a relative path `
    + "starts from the config's folder\n";
}

function asJson({ files, ...model }: DownloadedModel): string {
  const listed = files.map(({ path, size, hash: { algorithm, digest } }) => ({ path, size, [algorithm]: digest }));
  return `${JSON.stringify({ ...model, files: listed })}\n`;
}

interface Flags {
  name: string;
  endpoint: string | undefined;
  revision: string;
  output: string | undefined;
  retries: number | undefined;
  json: boolean;
}

async function download({ name, endpoint, revision, output, retries, json }: Flags): Promise<number> {
  const directory = output ?? join("pretrained_models", shortName(checkModelName(name)));
  const screen = json ? process.stderr : process.stdout;
  const stop = stopOnInterruption(() => undefined);
  try {
    const model = await downloadModel({
      name, revision, directory, hub: hubSettings(endpoint, process.env), retries: retries ?? 5, signal: stop.signal,
      observer: downloadDisplay(screen), environment: process.env,
    });
    process.stdout.write(json ? asJson(model) : asText(model));
    return 0;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    const partial = partialDirectory(directory);
    const kept = existsSync(partial)
      ? `what has come is kept in ${partial}; the same command goes on from there` : "nothing has come yet";
    const ofProgress = screen.isTTY ? "\n" : ""; // whose line is not at its end
    process.stderr.write(`${ofProgress}gp-download: stopped; ${kept}\n`);
    return stop.status();
  }
}

await runCommand("gp-download", async (args) => {
  let status = 0;
  await commandLine("gp-download", args)
    .usage(
      "$0 NAME\n\nFetches a pretrained encoder from the Hugging Face hub. After a break, the same command goes on.\n"
      + "HF_ENDPOINT names another hub or a mirror, HF_TOKEN opens private and gated models; https_proxy,\n"
      + "http_proxy, all_proxy and no_proxy are honoured.",
    )
    .command("$0 <name>", false, (builder) => builder
      .positional("name", { type: "string", demandOption: true, describe: "MODEL or OWNER/MODEL, as the hub calls it" })
      .option("endpoint", {
        type: "string", requiresArg: true, describe: "Address of the hub or a mirror; default: HF_ENDPOINT",
      })
      .option("revision", {
        type: "string", requiresArg: true, default: "main", describe: "A branch, a tag or a commit",
      })
      .option("output", {
        type: "string", requiresArg: true, describe: "The new directory; default: pretrained_models/MODEL",
      })
      .option("retries", {
        type: "number", requiresArg: true, coerce: wholeNumber("retries", 0, 100),
        describe: "Further attempts in a row when nothing comes; default: 5",
      })
      .option("json", {
        type: "boolean", default: false, describe: "Write one JSON object to stdout, the rest to stderr",
      }),
    async ({ name, endpoint, revision, output, retries, json }) => {
      status = await download({ name, endpoint, revision, output, retries, json });
    })
    .parseAsync();
  return status;
});
