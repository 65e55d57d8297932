import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A disk that is small enough to be filled up. */
export class SmallDisk {
  /** @param {string} place */
  constructor(place) {
    this.place = place;
    this.filler = path.join(place, "filler");
  }

  /**
   * Mounts one, which takes the rights of an administrator.
   * @param {string} place
   * @param {number} megabytes
   * @returns {SmallDisk | undefined} undefined where it cannot be mounted
   */
  static mount(place, megabytes) {
    mkdirSync(place);
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", place]);
    return status === 0 ? new SmallDisk(place) : undefined;
  }

  /**
   * Leaves about so many bytes free.
   * @param {number} free
   */
  fill(free) {
    const { bavail, bsize } = statfsSync(this.place);
    const size = bavail * bsize - free;
    if (size <= 0) {
      return;
    }
    try {
      writeFileSync(this.filler, Buffer.alloc(size));
    } catch {
      // The training took some of the room meanwhile: then it is as full as can be.
    }
  }

  free() {
    rmSync(this.filler, { force: true });
  }

  unmount() {
    spawnSync("umount", ["--lazy", this.place]); // an interruption may leave a training in it, which ends soon
  }
}
