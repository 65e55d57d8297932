/** How often progress is written where there is no terminal to repaint, in milliseconds. */
const SPARSE_INTERVAL = 10_000;

/**
 * Says what set-up does: lines on stdout, progress repainted in place on a terminal and as sparse lines elsewhere.
 */
export class Reporter {
  #quiet;
  #stream;
  #painted = false;
  #lastSparse = 0;

  /**
   * @param {{ quiet: boolean, stream?: NodeJS.WriteStream }} options
   */
  constructor({ quiet, stream = process.stdout }) {
    this.#quiet = quiet;
    this.#stream = stream;
  }

  /** Something is being done, or the user has to know. @param {string} line */
  say(line) {
    this.endProgress();
    this.#stream.write(`gp-setup: ${line}\n`);
  }

  /** Nothing has to be done: of interest only to those who asked. @param {string} line */
  note(line) {
    if (!this.#quiet) {
      this.say(line);
    }
  }

  /**
   * @param {string} label
   * @param {number} done in bytes
   * @param {number | undefined} total in bytes, when known
   */
  bytes(label, done, total) {
    const megabytes = (/** @type {number} */ count) => (count / 1e6).toFixed(count < 1e7 ? 1 : 0);
    const figures = total === undefined || total <= 0
      ? `${megabytes(done)} MB`
      : `${Math.min(100, Math.floor((100 * done) / total))} % of ${megabytes(total)} MB`;
    this.progress(`${label}: ${figures}`);
  }

  /**
   * Shows that time passes, for work that tells nothing of its own.
   * @template T
   * @param {string} label
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async whileWaiting(label, work) {
    const begin = Date.now();
    const timer = setInterval(() => this.progress(`${label}: ${Math.round((Date.now() - begin) / 1000)} s`), 1000);
    try {
      return await work();
    } finally {
      clearInterval(timer);
      this.endProgress();
    }
  }

  /** @param {string} text */
  progress(text) {
    if (this.#stream.isTTY) {
      const width = Math.max(20, this.#stream.columns ?? 80) - 1;
      this.#stream.write(`\r\u001b[2K${`  ${text}`.slice(0, width)}`);
      this.#painted = true;
      return;
    }
    const now = Date.now();
    if (now - this.#lastSparse >= SPARSE_INTERVAL) {
      this.#lastSparse = now;
      this.#stream.write(`  ${text}\n`);
    }
  }

  /** Wipes a painted line, so that the next one begins at the left edge. */
  endProgress() {
    if (this.#painted) {
      this.#stream.write("\r\u001b[2K");
      this.#painted = false;
    }
  }

  /** A long action begins: the first sparse line comes one interval from now. @param {string} line */
  begin(line) {
    this.say(line);
    this.#lastSparse = Date.now();
  }
}
