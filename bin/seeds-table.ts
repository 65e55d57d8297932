import { formatTable } from "../lib/terminal/table.js";
import type { SeedsRecord } from "../lib/training/seeds-record.js";
import type { SharesSpread, Spread } from "../lib/training/seeds-summary.js";

const SHARES = ["precision", "recall", "f1"] as const;

function shares(of: (share: typeof SHARES[number]) => number | undefined): string[] {
  return SHARES.map((share) => of(share)?.toFixed(4) ?? "-");
}

function withDeviation({ mean, deviation }: Spread): string {
  return deviation === undefined ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`;
}

/** The scores of each seed with their means and deviations, then the means by type. */
export function formatSeedsTables({ runs, summary }: SeedsRecord): string {
  if (summary === undefined) return "no seed is finished";
  const { best, last } = summary;
  const rows = runs.map((run) => [
    String(run.seed),
    String(run.best.epoch), ...shares((share) => run.best.dev[share]),
    String(run.last.epoch), ...shares((share) => run.last.dev[share]),
  ]);
  const over = (name: string, part: keyof Spread): string[] => [
    name, "", ...shares((share) => best[share][part]), "", ...shares((share) => last[share][part]),
  ];
  const ofType = (spread: SharesSpread | undefined): string[] =>
    SHARES.map((share) => spread === undefined ? "-" : withDeviation(spread[share]));
  return [
    "dev scores of each seed: best epoch, last epoch",
    formatTable([
      ["seed", "best epoch", ...SHARES, "last epoch", ...SHARES], ...rows, over("mean", "mean"),
      over("deviation", "deviation"),
    ]),
    "",
    ...(runs.length === 1 ? ["dev scores by type: best epoch, last epoch"]
      : [`dev scores by type over ${runs.length} seeds, mean ± deviation: best epochs, last epochs`]),
    formatTable([
      ["type", ...SHARES, ...SHARES],
      ...Object.entries(best.types).map(([type, spread]) => [type, ...ofType(spread), ...ofType(last.types[type])]),
      ["all", ...ofType(best), ...ofType(last)],
    ]),
  ].join("\n");
}
