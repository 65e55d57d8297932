import { median } from "../median.js";
import { SideProcess, type Patience, type Round } from "./side.js";

/** A command that does workloads: see side.ts. */
export interface Side {
  name: string;
  /** The side of the project that this one is compared with. */
  rival?: string;
  command: string;
  args: readonly string[];
  /** Whether the others are measured without it when it does not start. */
  optional?: boolean;
}

/** What one side gave of one workload. */
export interface SideResult {
  side: string;
  /** Median of a pass. */
  seconds: number;
  /** The fastest and the slowest round's. */
  range: [number, number];
  /** How many times the rival's rounds were faster than this side's beside them, in the median; only with a rival. */
  ratio?: number;
  peakBytes: number;
  /** Spans found, or the last loss of training: tells whether the sides did the same. */
  result: number;
}

export interface Measurement {
  sides: SideResult[];
  /** GFLOP/s of matrix products, the median of as many rounds. */
  gemmRate: number;
  /** Of the micro-kernels on tiles in the cache, 0 where there are none. */
  tileRate: number;
}

/**
 * Starts all sides, and lets each do a round in turn, `rounds` times.
 *
 * @param gemm what measures matrix products
 * @param leftOut is told of an optional side that does not start
 */
export async function measure(
  all: readonly Side[], gemm: Side, rounds: number, passes: number,
  patience?: Patience, leftOut: (side: string, reason: string) => void = () => undefined,
): Promise<Measurement> {
  const running: SideProcess[] = [];
  try {
    const sides: Side[] = [];
    for (const side of all) {
      try {
        running.push(await SideProcess.start(side.name, side.command, side.args, patience));
        sides.push(side);
      } catch (error) {
        if (side.optional !== true) throw error;
        leftOut(side.name, error instanceof Error ? error.message : String(error));
      }
    }
    running.push(await SideProcess.start(gemm.name, gemm.command, gemm.args, patience));
    const seconds: number[][] = sides.map(() => []);
    const results: number[] = [];
    const [rates, tileRates]: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [index, side] of running.entries()) {
        const answer = await side.round();
        if (index === sides.length) {
          const { gigaflops, tileGigaflops } = answer as { gigaflops: number; tileGigaflops: number };
          rates.push(gigaflops);
          tileRates.push(tileGigaflops);
          continue;
        }
        const { seconds: taken, result } = answer as Round;
        seconds[index]?.push(taken / passes);
        results[index] = result;
      }
    }
    const peaks: number[] = [];
    for (const side of running) peaks.push(await side.end());
    const secondsOf = (rival: string): number[] => seconds[sides.findIndex(({ name }) => name === rival)] ?? [];
    return {
      gemmRate: median(rates),
      tileRate: median(tileRates),
      sides: sides.map(({ name, rival }, index) => {
        const taken = seconds[index] ?? [];
        return {
          side: name,
          seconds: median(taken),
          range: [Math.min(...taken), Math.max(...taken)],
          ...(rival === undefined
            ? {} : { ratio: median(taken.map((one, round) => one / (secondsOf(rival)[round] ?? NaN))) }),
          peakBytes: peaks[index] ?? NaN,
          result: results[index] ?? NaN,
        };
      }),
    };
  } catch (error) {
    for (const side of running) side.kill();
    throw error;
  }
}
