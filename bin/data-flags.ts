import { formatOptionsSchema, type FormatOptions } from "../lib/data/formats/options.js";
import { sampleFormats } from "../lib/data/read-samples.js";
import { CommandLineError, severalTexts } from "./command.js";

/** How annotated data is written; for yargs. `--format-option` may be given several times. */
export const dataFlags = {
  "format": {
    choices: sampleFormats, requiresArg: true, default: sampleFormats[0], describe: "How the data is written",
  },
  "format-option": {
    type: "string", requiresArg: true, coerce: severalTexts,
    describe: "KEY=VALUE, what else is to be known of the format, such as tagColumns=[2]; see docs/formats.md",
  },
} as const;

/** For commands that refuse faulty data; for yargs. */
export const skipFlag = {
  "skip-faulty": {
    type: "boolean", default: false, describe: "Leave faulty texts out, with a count, in place of refusing the data",
  },
} as const;

/** @throws CommandLineError naming the option that cannot be used */
export function formatOptionsFrom(written: readonly string[] = [], flag = "format-option"): FormatOptions {
  const raw: Record<string, unknown> = {};
  for (const item of written) {
    const equals = item.indexOf("=");
    if (equals <= 0) {
      throw new CommandLineError(`--${flag} takes KEY=VALUE, such as endInclusive=true, but is "${item}"`);
    }
    const value = item.slice(equals + 1);
    try {
      raw[item.slice(0, equals)] = JSON.parse(value) as unknown;
    } catch {
      raw[item.slice(0, equals)] = value;
    }
  }
  const checked = formatOptionsSchema.safeParse(raw);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  if (issue?.code === "unrecognized_keys") {
    const known = Object.keys(formatOptionsSchema.shape).join(", ");
    throw new CommandLineError(`--${flag} ${issue.keys.join(", ")}: there is no such option; there are ${known}`);
  }
  const key = issue?.path.join(".") ?? "";
  throw new CommandLineError(`--${flag} ${key} takes ${issue?.message ?? "another value"}`);
}
