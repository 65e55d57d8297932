/** What stands where there is no number to tell. */
export const NOTHING = "\u2013";

/** A score as all commands print it. */
export function formatScore(score: number): string {
  return Number.isFinite(score) ? score.toFixed(4) : NOTHING;
}

/** With its sign, whichever it is. */
export function formatDifference(difference: number): string {
  if (!Number.isFinite(difference)) return NOTHING;
  const size = Math.abs(difference).toFixed(4);
  if (Number(size) === 0) return size;
  return (difference < 0 ? "\u2212" : "+") + size;
}

/** With commas between the thousands; without the machine's locale, so that a report is the same everywhere. */
export function formatCount(count: number): string {
  return Number.isFinite(count) ? String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",") : NOTHING;
}

/** "1 text", "1,200 texts". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** To four digits, for numbers whose size is not known beforehand. */
export function formatValue(value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 10_000) return formatCount(value);
  if (size < 0.001) return value.toExponential(2).replace("e-", "e\u2212");
  return value.toPrecision(4);
}

/** How likely something is by chance; `resamples` is what it was counted in. */
export function formatPValue(pValue: number, resamples: number): string {
  // With none of n resamples on the other side, the value is below what n can show.
  const least = 2 / Math.max(resamples, 2);
  return pValue < least ? `p < ${Number(least.toPrecision(2))}` : `p = ${Number(pValue.toPrecision(2))}`;
}

/** "8.4 s", "3 min 20 s", "2 h 5 min". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return NOTHING;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${formatCount(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}
