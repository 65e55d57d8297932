import { lostReasons, type DocumentAlignment, type LostReason } from "./align.js";
import type { Sample } from "./sample.js";

const MAX_EXAMPLES = 5;
const CONTEXT = 12;

const explanations: Record<LostReason, string> = {
  "boundary-inside-token": "start or end inside a token",
  "boundary-on-blank": "start or end on characters without a token",
  "no-token": "have no token at all",
  "longer-than-window": "are longer than a window (training.maxSeqLen), or cross the edges of all that they lie in",
  "unknown-type": "are of a type that the model does not have",
};

/** Counts what alignment kept and lost, with a few examples of each loss, and the texts that were divided. */
export class AlignmentReport {
  samples = 0;
  /** Sequences that the texts became: one each, and more for texts that were divided. */
  windows = 0;
  /** Texts that did not fit into one window. */
  divided = 0;
  entities = 0;
  aligned = 0;
  /** Reasons that occurred, with how often and the first few mentions in their surroundings. */
  readonly lost = new Map<LostReason, { count: number; examples: string[] }>();

  get lostCount(): number {
    return this.entities - this.aligned;
  }

  /** @param alignment whose windows have all been taken */
  add(
    { text, entities }: Pick<Sample, "text" | "entities">,
    { lost, windowCount }: Pick<DocumentAlignment, "lost" | "windowCount">,
  ): void {
    this.samples++;
    this.windows += windowCount;
    if (windowCount > 1) this.divided++;
    this.entities += entities.length;
    this.aligned += entities.length - lost.length;
    for (const { entity, reason } of lost) {
      const losses = this.lost.get(reason) ?? { count: 0, examples: [] };
      this.lost.set(reason, losses);
      losses.count++;
      if (losses.examples.length < MAX_EXAMPLES) {
        losses.examples.push(`${entity.type}: ${inContext(text, entity.start, entity.end)}`);
      }
    }
  }
}

/** `...before [mention] after...`, on one line. */
function inContext(text: string, start: number, end: number): string {
  const from = Math.max(0, start - CONTEXT);
  const to = Math.min(text.length, end + CONTEXT);
  const parts = [
    from > 0 ? "..." : "", text.slice(from, start), "[", shortened(text.slice(start, end)), "]", text.slice(end, to),
    to < text.length ? "..." : "",
  ];
  // Half a surrogate pair at the cut, or a line break in the text, would spoil the line.
  return parts.join("").replace(/[\p{Cs}\p{Cc}]/gu, " ");
}

function shortened(mention: string): string {
  if (mention.length <= 8 * CONTEXT) return mention;
  return `${mention.slice(0, 4 * CONTEXT)} ... ${mention.slice(-3 * CONTEXT)}`;
}

/** Lines for a person; none when nothing was lost or divided. */
export function formatAlignmentReport(report: AlignmentReport, name: string): string[] {
  const lines: string[] = [];
  if (report.lostCount > 0) {
    lines.push(
      `${name}: ${report.lostCount} of ${report.entities} entities have no token span; `
      + "they count as missed in evaluation",
    );
  }
  for (const reason of lostReasons) {
    const losses = report.lost.get(reason);
    if (losses === undefined) continue;
    const examples = losses.examples.map((example) => `    ${example}`);
    lines.push(`  ${losses.count} ${explanations[reason]}, such as`, ...examples);
  }
  if (report.divided > 0) {
    lines.push(
      `${name}: ${report.divided} of ${report.samples} texts are longer than a window and were divided; `
      + `${report.windows} windows in all`,
    );
  }
  return lines;
}
