/**
 * @typedef {object} StepContext
 * @property {import("./project-paths.mjs").ProjectPaths} paths
 * @property {import("./options.mjs").SetupOptions} options
 * @property {import("./reporter.mjs").Reporter} reporter
 * @property {NodeJS.ProcessEnv} env
 */

/**
 * One step of set-up.
 * @typedef {object} Step
 * @property {string} name
 * @property {(context: StepContext) => boolean} applies whether there is such a thing to do in this kind of package
 * @property {(context: StepContext) => boolean} isUpToDate from stamps and file times only: it runs at every start
 * @property {(context: StepContext) => Promise<void>} run says what it does and stamps its success
 */

export {};
