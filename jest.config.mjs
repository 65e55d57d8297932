/** @type {import("jest").Config} */
export default {
  testEnvironment: "<rootDir>/test/environment.mjs",
  roots: ["<rootDir>/test"],
  testMatch: ["**/*.test.ts"],
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: { "^.+\\.ts$": ["ts-jest", { useESM: true, diagnostics: false, tsconfig: "tsconfig.json" }] },
  // Native tests hold two cores each: one worker keeps timings sane and memory bounded.
  maxWorkers: 2,
  testTimeout: 120_000,
};
