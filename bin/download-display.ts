import type { DownloadObserver } from "../lib/download/observer.js";

const UNITS = ["B", "kB", "MB", "GB"];
const REDRAW = 100; // milliseconds: ten times a second is plenty

/** "411.6 MB", in powers of 1000. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let size = bytes;
  for (; size >= 999.95 && unit < UNITS.length - 1; unit++) size /= 1000;
  return `${unit === 0 ? String(size) : size.toFixed(1)} ${UNITS[unit] ?? ""}`;
}

/** Bytes a second over the last few seconds. */
class Speed {
  readonly #marks: { time: number; received: number }[] = [];

  /** @returns undefined until there is enough to tell */
  at(time: number, received: number): number | undefined {
    const [first] = this.#marks;
    this.#marks.push({ time, received });
    while ((this.#marks[1]?.time ?? time) < time - 5000) this.#marks.shift();
    if (first === undefined || time - first.time < 500) return undefined;
    return Math.max(received - first.received, 0) * 1000 / (time - first.time);
  }
}

/** Where a display writes to. */
export interface DisplayStream {
  isTTY?: boolean;
  columns?: number;
  write: (text: string) => unknown;
}

/** Tells a person how a download goes: a line that redraws itself on a terminal, a line a file elsewhere. */
export function downloadDisplay(stream: DisplayStream, now: () => number = () => performance.now()): DownloadObserver {
  const animated = stream.isTTY === true;
  const clear = (): void => { if (animated) stream.write("\r\x1b[2K"); };
  const say = (line: string): void => {
    clear();
    stream.write(`${line}\n`);
  };
  let speed = new Speed();
  let drawn = -Infinity;
  return {
    begins({ name, commit }, files) {
      const total = files.reduce((sum, { size }) => sum + size, 0);
      say(`${name} at ${commit}: ${files.length} files, ${formatBytes(total)}`);
    },
    fileBegins({ path, size }, received) {
      speed = new Speed();
      drawn = -Infinity;
      if (received > 0) say(`${path}: going on from ${formatBytes(received)} of ${formatBytes(size)}`);
    },
    fileGrows({ path, size }, received) {
      const time = now();
      if (!animated || time - drawn < REDRAW) return;
      drawn = time;
      const rate = speed.at(time, received);
      const line = `${path}: ${formatBytes(received)} of ${formatBytes(size)}  ${Math.floor(100 * received / size)}%`
        + (rate === undefined ? "" : `  ${formatBytes(Math.round(rate))}/s`);
      const columns = stream.columns ?? 0; // 0 where the terminal does not say
      clear();
      stream.write(line.slice(0, (columns > 0 ? columns : 80) - 1));
    },
    fileEnds({ path, size }) {
      say(`${path}: ${formatBytes(size)}, checked`);
    },
    waiting(reason, seconds) {
      say(`${reason}; trying again in ${seconds} s`);
    },
  };
}
