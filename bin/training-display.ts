import type { SeedsObserver } from "../lib/training/seeds.js";

const BAR_WIDTH = 24;

function bar(done: number, of: number): string {
  const filled = Math.round(BAR_WIDTH * done / of);
  return "#".repeat(filled) + ".".repeat(BAR_WIDTH - filled);
}

/**
 * Tells a person how training goes: a bar that redraws itself on a terminal, one line an epoch elsewhere; neither where
 * `tracking.console` is off. With `json`, epoch records go to stdout as JSON lines and everything else to stderr. Of
 * several seeds, each record names its own.
 */
export function trainingDisplay({ json }: { json: boolean }): SeedsObserver {
  const stream = json ? process.stderr : process.stdout;
  const animated = stream.isTTY;
  const clear = (): void => { if (animated) stream.write("\r\x1b[2K"); };
  let drawn = 0;
  let seed: number | undefined;
  let shown = true;
  return {
    seed(next) {
      seed = next;
    },
    begin({ config }) {
      shown = config.tracking.console;
    },
    message(text) {
      clear();
      stream.write(`${text}\n`);
    },
    step({ epoch, epochs, step, steps, loss, tokensPerSecond }) {
      const now = performance.now();
      if (!shown || !animated || (now - drawn < 100 && step < steps)) return; // ten times a second is plenty
      drawn = now;
      clear();
      stream.write(
        `epoch ${epoch}/${epochs} [${bar(step, steps)}] ${step}/${steps}  loss ${loss.toFixed(4)}  `
        + `${Math.round(tokensPerSecond)} tokens/s`,
      );
    },
    epoch(record, best) {
      if (json) process.stdout.write(`${JSON.stringify(seed === undefined ? record : { seed, ...record })}\n`);
      if (!shown) return;
      clear();
      const { precision, recall, f1 } = record.dev;
      stream.write(
        `epoch ${record.epoch}  loss ${record.loss.toFixed(4)}  dev precision ${precision.toFixed(4)} `
        + `recall ${recall.toFixed(4)} F1 ${f1.toFixed(4)}  ${record.seconds.toFixed(1)} s  `
        + `${Math.round(record.tokensPerSecond)} tokens/s${best ? "  (best so far)" : ""}\n`,
      );
    },
  };
}
