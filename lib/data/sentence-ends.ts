/*
 * Where sentences end, by punctuation and line breaks: good enough to choose where a long text is divided, and harmless
 * where it errs.
 */

const TERMINATORS = new Set("。！？!?；;…．.\u0964");
const CLOSERS = new Set("”’」』）】》〉\"')]}");
const LINE_BREAKS = new Set("\n\r\u2028\u2029\u0085");

function isBlank(character: string): boolean {
  return character === "" || /\s/u.test(character);
}

/** Whether a sentence of the text ends at a position between two characters. */
export function endsSentenceAt(text: string, position: number): boolean {
  // A line break ends one, on whichever side of it, and behind blanks, the position is.
  let after = position;
  while (after < text.length && isBlank(text.charAt(after)) && !LINE_BREAKS.has(text.charAt(after))) after++;
  if (LINE_BREAKS.has(text.charAt(after))) return true;
  let before = position;
  while (before > 0 && isBlank(text.charAt(before - 1)) && !LINE_BREAKS.has(text.charAt(before - 1))) before--;
  if (before > 0 && LINE_BREAKS.has(text.charAt(before - 1))) return true;
  while (before > 0 && CLOSERS.has(text.charAt(before - 1))) before--;
  const last = text.charAt(before - 1);
  if (!TERMINATORS.has(last)) return false;
  const next = text.charAt(position);
  if (TERMINATORS.has(next) || CLOSERS.has(next)) return false; // it is not over yet
  return last === "." ? isBlank(next) : true; // not in 3.5
}
