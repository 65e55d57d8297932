import { GlobalPointerError } from "../errors.js";

/** As the hub has it: letters, digits, `_`, `-` and `.`, of which the last two stand at neither end. */
const PART = /^\w(?:[\w.-]{0,94}\w)?$/;

function refuse(message: string): never {
  throw new GlobalPointerError("DOWNLOAD", message);
}

/**
 * Checks the name of a model on the hub. What it lets through can neither leave a folder nor steer a terminal.
 *
 * @returns the name as it was given, `MODEL` or `OWNER/MODEL`
 * @throws GlobalPointerError `DOWNLOAD`
 */
export function checkModelName(name: string): string {
  const parts = name.split("/");
  if (parts.length <= 2 && !name.includes("..") && parts.every((part) => PART.test(part))) return name;
  return refuse(
    `${JSON.stringify(name).replace(/\p{Cc}/gu, "\ufffd")} is not the name of a model: give it as the hub writes it, `
    + "MODEL or OWNER/MODEL, without address and path.",
  );
}

/** The last part of a name. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/**
 * Checks the name of a branch or tag, or a commit.
 *
 * @throws GlobalPointerError `DOWNLOAD`
 */
export function checkRevision(revision: string): string {
  if (/^[\w][\w./+@=-]*$/.test(revision) && !revision.includes("..")) return revision;
  return refuse(
    `${JSON.stringify(revision).replace(/\p{Cc}/gu, "\ufffd")} is not a revision: give a branch, a tag or a commit.`,
  );
}
