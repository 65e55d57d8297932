// Clearing up while another thread still writes, which only a file system that refuses can show each time.
import * as fs from "node:fs";
import { join } from "node:path";
import { jest } from "@jest/globals";
import { temporaryFolder } from "../support/commands.js";

test("one entry that cannot be removed keeps none of the others, and throws nothing", async () => {
  const folder = temporaryFolder();
  try {
    jest.unstable_mockModule("node:fs", () => ({
      ...fs,
      rmSync: (path: string, options?: fs.RmOptions): void => {
        if (path.includes("busy")) throw Object.assign(new Error("directory not empty"), { code: "ENOTEMPTY" });
        fs.rmSync(path, options);
      },
    }));
    const { discardUnfinished, openAside } = await import("../../lib/storage/aside.js");
    for (const name of ["first", "busy", "last"]) fs.mkdirSync(openAside(join(folder.path, name)));
    discardUnfinished();
    expect(fs.readdirSync(folder.path)).toEqual([`busy.partial-${process.pid}`]);
  } finally {
    folder.remove();
  }
});
