import type { Measurement } from "./measure.js";

/** What was measured of one workload, as the JSON file has it. */
export interface WorkloadResult extends Measurement {
  workload: string;
  task: "train" | "infer" | "texts";
  /** Of one pass, without padding. */
  tokens: number;
  sequences: number;
  /** Multiplications and additions of one pass. */
  operations: number;
  rounds: number;
  /** When it was measured: year-month-day. */
  date: string;
}

export const HEADER = [
  "workload", "side", "ms a pass", "tokens/s", "GFLOP/s", "of sgemm", "peak MiB", "globalpointer is faster by",
];

function rounded(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
}

/** The rows of a workload, one a side. */
export function rowsOf({ workload, tokens, operations, gemmRate, sides }: WorkloadResult): string[][] {
  return sides.map(({ side, seconds, ratio, peakBytes }, index) => {
    const rate = operations / seconds / 1e9;
    return [
      index === 0 ? workload : "", side, rounded(seconds * 1000), Math.round(tokens / seconds).toString(),
      rounded(rate), `${Math.round(100 * rate / gemmRate)}%`, Math.round(peakBytes / 2 ** 20).toString(),
      ratio === undefined ? "" : `${ratio.toFixed(2)}×`,
    ];
  });
}

/** A table in Markdown, the first two columns to the left. */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(header), line(header.map((_, column) => column < 2 ? "---" : "---:")), ...rows.map(line)].join("\n");
}
