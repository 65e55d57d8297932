import { GlobalPointerError } from "../errors.js";

const reasons: Record<string, string> = {
  ENOSPC: "the disk is full; make room and try again",
  EDQUOT: "the disk quota is used up; make room and try again",
  EFBIG: "the file is larger than the system allows; raise the limit (ulimit -f) or choose another place",
  EACCES: "permission is denied; choose a folder that you may write to",
  EPERM: "permission is denied; choose a folder that you may write to",
  EROFS: "the file system is read-only; choose another place",
  ENOENT: "there is no folder that it could be put in; create one, or choose another place",
  ENOTDIR: "part of the path is a file, not a folder; choose another place",
  EISDIR: "it is a folder; give the name of a file",
  ENOTEMPTY: "something has been put there meanwhile; choose another place",
  EEXIST: "there is a file of that name; choose another place",
};

/** Turns a failure of the file system into one sentence with the place and the remedy. */
export function outputError(path: string, cause: unknown): GlobalPointerError {
  if (cause instanceof GlobalPointerError) return cause;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const reason = (typeof code === "string" ? reasons[code] : undefined)
    ?? `${cause instanceof Error ? cause.message : String(cause)}; check the disk and the path`;
  return new GlobalPointerError("OUTPUT", `Cannot write ${path}: ${reason}.`, { cause });
}
