declare global {
  // Made by test/environment.mjs.
  var setReferenceOps: (on: boolean) => void;
}

/**
 * Lets the addon compute by the plain twins, or no more. jest gives tests a copy of the environment, in which the addon
 * would not see it.
 */
export function referenceOps(on: boolean): void {
  globalThis.setReferenceOps(on);
}
