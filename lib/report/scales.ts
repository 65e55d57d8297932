/** A range of values and where its marks are. */
export interface Scale {
  low: number;
  high: number;
  logarithmic: boolean;
  ticks: { value: number; label: string }[];
}

function exponent(value: number): number {
  return Math.floor(Math.log10(Math.abs(value)) + 1e-9);
}

/** The one of 1, 2, 5, 10, 20 ... by which the span comes closest to having `count` steps. */
function roundStep(span: number, count: number): number {
  const rough = span / count;
  const power = 10 ** exponent(rough);
  const most = rough / power;
  return power * (most < 1.5 ? 1 : most < 3.5 ? 2 : most < 7.5 ? 5 : 10);
}

/** Labels of multiples of a step that all have the same unit and the same digits. */
function labelsFor(step: number, largest: number): (value: number) => string {
  const unit = step < 0.0005 ? 10 ** exponent(largest) : largest >= 10_000 ? 1000 : 1;
  const ending = unit === 1 ? "" : unit === 1000 ? "k" : `e${exponent(unit)}`;
  const digits = Math.min(Math.max(0, -exponent(step / unit)), 6);
  return (value) => value === 0
    ? "0"
    : `${(value / unit).toFixed(digits)}${ending}`.replaceAll("-", "\u2212");
}

/**
 * A scale with round ends that holds all the values, with about `count` steps.
 *
 * @param limits what no value can lie beyond (0 and 1 for scores), so that the scale does not either
 */
export function linearScale(
  values: readonly number[], { count = 4, limits = [-Infinity, Infinity] }: { count?: number; limits?: number[] } = {},
): Scale {
  const known = values.filter((value) => Number.isFinite(value));
  let low = known.reduce((a, b) => Math.min(a, b), known[0] ?? 0);
  let high = known.reduce((a, b) => Math.max(a, b), known[0] ?? 1);
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low <= size * 1e-6 || size < 1e-12) {
    const room = size < 1e-12 ? 0.5 : size * 0.05;
    low -= room;
    high += room;
  }
  const step = roundStep(high - low, count);
  const [least = -Infinity, most = Infinity] = limits;
  const first = Math.ceil(Math.max(Math.floor(low / step + 1e-9) * step, least) / step - 1e-9);
  const last = Math.floor(Math.min(Math.ceil(high / step - 1e-9) * step, most) / step + 1e-9);
  const label = labelsFor(step, Math.max(Math.abs(first), Math.abs(last)) * step);
  const ticks = Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => {
    const value = (first + index) * step;
    return { value, label: label(value) };
  });
  return { low: first * step, high: last * step, logarithmic: false, ticks };
}

/** From one of 1, 2, 5, 10, 20 ... to another; every value has to be above 0. */
export function logarithmicScale(values: readonly number[]): Scale {
  const lowest = values.reduce((a, b) => Math.min(a, b));
  const highest = values.reduce((a, b) => Math.max(a, b));
  const steps = [];
  for (let power = exponent(lowest); power <= exponent(highest) + 1; power++) {
    for (const factor of [1, 2, 5]) steps.push({ value: factor * 10 ** power, power, factor });
  }
  const first = steps.findLastIndex(({ value }) => value <= lowest * 1.0001);
  const last = steps.findIndex(({ value }) => value >= highest * 0.9999);
  const range = steps.slice(Math.max(first, 0), last + 1);
  const powers = range.filter(({ factor }) => factor === 1);
  const apart = Math.ceil(powers.length / 6);
  const marked = range.length <= 6 ? range : powers.filter((_, index) => index % apart === 0);
  const ticks = marked.map(({ value, power, factor }) => ({
    value,
    label: power >= -3 && power <= 4 ? value.toFixed(Math.max(0, -power)) : `${factor}e${power}`.replace("-", "\u2212"),
  }));
  return { low: range[0]?.value ?? lowest, high: range.at(-1)?.value ?? highest, logarithmic: true, ticks };
}

/** Whole numbers from first to last, about `count` of them. */
export function wholeTicks(first: number, last: number, count = 8): number[] {
  const step = Math.max(1, roundStep(Math.max(last - first, 1), count));
  const ticks = [first];
  for (let tick = (Math.floor(first / step) + 1) * step; tick <= last; tick += step) {
    // The first one stands already; one close to it would be written over it.
    if (tick - first >= step / 2) ticks.push(tick);
  }
  return ticks;
}

/** Where a value lies on the scale, from 0 (low) to 1 (high), never beyond. */
export function placeOn(scale: Scale, value: number): number {
  const along = (one: number): number => scale.logarithmic ? Math.log10(one) : one;
  const share = (along(value) - along(scale.low)) / (along(scale.high) - along(scale.low));
  return Number.isFinite(share) ? Math.min(Math.max(share, 0), 1) : 0;
}

/** A share as a percentage for CSS and SVG, with no more digits than a screen shows. */
export function percent(share: number): number {
  return Number.isFinite(share) ? Number((share * 100).toFixed(2)) : 0;
}
