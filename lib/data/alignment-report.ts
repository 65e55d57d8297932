import { lostReasons, type Alignment, type LostReason } from "./align.js";
import type { Sample } from "./sample.js";

const MAX_EXAMPLES = 5;
const CONTEXT = 12;

const explanations: Record<LostReason, string> = {
  "boundary-inside-token": "start or end inside a token",
  "boundary-on-blank": "start or end on characters without a token",
  "no-token": "have no token at all",
  "beyond-max-length": "lie beyond the maximum length",
  "unknown-type": "are of a type that the model does not have",
};

/** Counts what alignment kept, lost and cut, with a few examples of each loss. */
export class AlignmentReport {
  samples = 0;
  entities = 0;
  aligned = 0;
  /** Reasons that occurred, with how often and the first few mentions in their surroundings. */
  readonly lost = new Map<LostReason, { count: number; examples: string[] }>();
  /** Texts longer than the model takes, and what was cut off them. */
  readonly cut = { samples: 0, tokens: 0, characters: 0 };

  get lostCount(): number {
    return this.entities - this.aligned;
  }

  add(sample: Pick<Sample, "text">, alignment: Pick<Alignment, "spans" | "lost" | "cut">): void {
    this.samples++;
    this.entities += alignment.spans.length + alignment.lost.length;
    this.aligned += alignment.spans.length;
    for (const { entity, reason } of alignment.lost) {
      const losses = this.lost.get(reason) ?? { count: 0, examples: [] };
      this.lost.set(reason, losses);
      losses.count++;
      if (losses.examples.length < MAX_EXAMPLES) {
        losses.examples.push(`${entity.type}: ${inContext(sample.text, entity.start, entity.end)}`);
      }
    }
    if (alignment.cut !== undefined) {
      this.cut.samples++;
      this.cut.tokens += alignment.cut.tokens;
      this.cut.characters += alignment.cut.characters;
    }
  }
}

/** `...before [mention] after...`, on one line. */
function inContext(text: string, start: number, end: number): string {
  const from = Math.max(0, start - CONTEXT);
  const to = Math.min(text.length, end + CONTEXT);
  const parts = [
    from > 0 ? "..." : "", text.slice(from, start), "[", text.slice(start, end), "]", text.slice(end, to),
    to < text.length ? "..." : "",
  ];
  // Half a surrogate pair at the cut, or a line break in the text, would spoil the line.
  return parts.join("").replace(/[\p{Cs}\p{Cc}]/gu, " ");
}

/** Lines for a person; none when nothing was lost or cut. */
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
  if (report.cut.samples > 0) {
    const { samples, tokens, characters } = report.cut;
    lines.push(
      `${name}: ${samples} of ${report.samples} texts are longer than the maximum length; `
      + `${tokens} tokens (${characters} characters) were cut off`,
    );
  }
  return lines;
}
