/** A failure that the person at the terminal can mend: printed as it stands, without a stack trace. */
export class SetupError extends Error {
  /** @param {string} message what went wrong, where, and the remedy */
  constructor(message) {
    super(message);
    this.name = "SetupError";
  }
}
