import { cpus } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { loadAddon, packageRoot } from "../model/native.js";
import { readJsonFile } from "../storage/read-json.js";

export const environmentSchema = z.object({
  globalpointer: z.string(),
  node: z.string(),
  libtorch: z.string(),
  /** System and architecture, such as "linux x64". */
  platform: z.string(),
  cpu: z.string(),
  threads: z.number(),
  /** `cpu` or `cuda:N`. */
  device: z.string(),
});

/** What a training runs on and with: two that differ in it may differ in their last digits. */
export type Environment = z.output<typeof environmentSchema>;

/** @param threads as configured: 0 for as many as there are cores */
export function environmentOf(device: string, threads: number): Environment {
  const { libtorch, threads: most } = loadAddon().deviceInfo();
  const { version } = readJsonFile(
    join(packageRoot(), "package.json"), z.object({ version: z.string() }), "SETUP", "install the package anew",
  );
  return {
    globalpointer: version,
    node: process.versions.node,
    libtorch,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    threads: threads > 0 ? threads : most,
    device,
  };
}

/** What is not as it was: `NAME BEFORE, now NOW`. */
export function environmentChanges(before: Environment, now: Environment): string[] {
  return Object.entries(now).flatMap(([name, value]) => {
    const earlier = Object.entries(before).find(([other]) => other === name)?.[1];
    return earlier === value ? [] : [`${name} ${earlier ?? "unknown"}, now ${value}`];
  });
}
