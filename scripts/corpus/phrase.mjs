// Text that knows its entities: { text, spans: [{ type, start, end }] }, start and end over characters, end exclusive.

/** Template tag: joins strings and phrases, moving the spans along. */
export function phrase(strings, ...values) {
  const parts = [strings[0]];
  values.forEach((value, index) => parts.push(value, strings[index + 1]));
  return join(parts);
}

const ENDS_IN_WORD = /[a-z0-9]$/iu;
const STARTS_WITH_WORD = /^[a-z0-9]/iu;

/** Joins strings and phrases end to end, with a blank where two Latin words or numbers would run into one. */
export function join(parts) {
  let text = "";
  const spans = [];
  for (const part of parts) {
    const next = typeof part === "string" ? { text: part, spans: [] } : part;
    if (ENDS_IN_WORD.test(text) && STARTS_WITH_WORD.test(next.text)) text += " ";
    for (const { type, start, end } of next.spans) {
      spans.push({ type, start: start + text.length, end: end + text.length });
    }
    text += next.text;
  }
  return { text, spans };
}

/** Marks all of `content` as an entity of `type`, keeping the entities inside it. */
export function entity(type, content) {
  const { text, spans } = join([content]);
  return { text, spans: [{ type, start: 0, end: text.length }, ...spans] };
}
