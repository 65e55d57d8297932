import fc from "fast-check";
import type { Entity } from "../../lib/data/sample.js";
import type {
  BootstrapIntervals, Comparison, ErrorExcerpt, Explanation, PartRow, PartScores, SpanError,
} from "../../lib/evaluation/explanation.js";
import { scoresFrom, type Metrics } from "../../lib/evaluation/metrics.js";
import { layOutSpans, segmentsOf } from "../../lib/report/entity-lines.js";
import { renderEvaluationReport, type EvaluationReportInput } from "../../lib/report/evaluation-report.js";
import { escapeHtml, html } from "../../lib/report/html.js";
import { formatCount, formatDifference, formatDuration, formatPValue, formatValue } from "../../lib/report/numbers.js";
import { renderRunReport, type EpochPoint } from "../../lib/report/run-report.js";
import { linearScale, logarithmicScale, placeOn, wholeTicks } from "../../lib/report/scales.js";

const ELEMENTS = new Set([
  "a", "article", "b", "bdi", "body", "button", "caption", "dd", "div", "dl", "dt", "em", "figcaption", "figure",
  "form", "g", "h1", "h2", "h3", "head", "header", "html", "i", "label", "li", "main", "meta", "nav", "ol", "option",
  "output", "p", "path", "q", "rect", "script", "section", "select", "small", "span", "style", "svg", "table", "tbody",
  "td", "tfoot", "th", "thead", "title", "tr", "ul",
]);
const ATTRIBUTES = new Set([
  "aria-hidden", "aria-label", "aria-labelledby", "autocomplete", "charset", "class", "colspan", "content", "d",
  "data-errors", "data-kind", "data-types", "dir", "focusable", "height", "hidden", "href", "http-equiv", "id", "lang",
  "name", "preserveAspectRatio", "role", "scope", "style", "tabindex", "title", "type", "value", "viewBox", "width",
]);
const TAG = /<(\/?)([a-z][a-z0-9]*)((?: [A-Za-z-]+(?:="[^"<>]*")?)*)(\/?)>/y;

/** Reads a page strictly: every < begins a tag that we know, all are closed in order. Gives the tags and the text. */
function read(page: string): { tags: string[]; text: string } {
  const tags: string[] = [];
  const open: string[] = [];
  let text = "";
  let at = "<!DOCTYPE html>".length;
  expect(page.slice(0, at)).toBe("<!DOCTYPE html>");
  while (at < page.length) {
    const next = page.indexOf("<", at);
    const between = page.slice(at, next < 0 ? page.length : next);
    if (between.includes(">") || /&(?!(?:amp|lt|gt|quot|#39);)/.test(between)) throw new Error(`bare: ${between}`);
    text += between;
    if (next < 0) break;
    TAG.lastIndex = next;
    const [tag = "", closing = "", name = "", attributes = "", empty = ""] = TAG.exec(page) ?? [];
    if (!ELEMENTS.has(name)) throw new Error(`no tag of ours: ${page.slice(next, next + 80)}`);
    for (const [, attribute = ""] of attributes.matchAll(/ ([A-Za-z-]+)(?:="[^"]*")?/g)) {
      if (!ATTRIBUTES.has(attribute)) throw new Error(`no attribute of ours: ${tag}`);
    }
    tags.push(closing + name);
    at = next + tag.length;
    if (closing !== "" && open.pop() !== name) throw new Error(`closed out of order: ${page.slice(0, at).slice(-80)}`);
    if (closing + empty === "" && name !== "meta") open.push(name);
    // What stands in these is no markup, and ends where they do.
    if (closing === "" && (name === "script" || name === "style")) at = page.indexOf(`</${name}>`, at);
  }
  expect(open).toEqual([]);
  return { tags, text };
}

function part(name: string, support: number, predicted: number, correct: number): PartRow {
  return { name, ...scoresFrom({ support, predicted, correct }), found: correct };
}

const relaxed: PartScores = part("", 10, 9, 8);
const interval = { low: 0.7, high: 0.9 };
const intervals: BootstrapIntervals = {
  precision: interval, recall: interval, f1: interval, macroF1: interval, resamples: 1000,
};
const boundary: SpanError = {
  kind: "boundary",
  gold: { start: 0, end: 3, type: "name" },
  predicted: { start: 0, end: 2, type: "name", score: 1.234 },
};
const excerpt: ErrorExcerpt = {
  id: 7, sample: 4, offset: 20, excerpt: "王小明在 北京\n大学。", cutBefore: true, cutAfter: false,
  gold: [{ start: 0, end: 3, type: "name" }, { start: 5, end: 7, type: "address" }],
  predicted: [{ start: 0, end: 2, type: "name", score: 1.234 }, { start: 5, end: 7, type: "address", score: 3 }],
  errors: [boundary],
};

function metricsOf(types: Record<string, [support: number, predicted: number, correct: number]>): Metrics {
  const counts = Object.values(types);
  const sum = (index: 0 | 1 | 2): number => counts.reduce((total, one) => total + one[index], 0);
  return {
    ...scoresFrom({ support: sum(0), predicted: sum(1), correct: sum(2) }),
    types: Object.fromEntries(Object.entries(types).map(([type, [support, predicted, correct]]) =>
      [type, scoresFrom({ support, predicted, correct })])),
  };
}

function input(
  changes: Partial<EvaluationReportInput> = {}, explained: Partial<Explanation> = {},
): EvaluationReportInput {
  return {
    model: "runs/demo/best", data: "data/test.jsonl", metrics: metricsOf({ name: [6, 6, 5], address: [4, 3, 3] }),
    explanation: {
      macro: { precision: 0.9, recall: 0.8, f1: 0.85 }, intervals,
      relaxed: { overlap: relaxed, boundary: relaxed, type: relaxed },
      nesting: [part("flat", 8, 8, 7), part("crossing", 0, 1, 0)], mentionLength: [part("1-2 characters", 10, 9, 8)],
      documentLength: [part("up to 32 characters", 10, 9, 8)], seen: [part("seen", 7, 7, 7), part("unseen", 3, 2, 1)],
      confusion: { types: ["name", "address"], counts: [[5, 1, 0], [0, 3, 1], [2, 0, 0]] },
      errorCounts: { boundary: 1, type: 0, missed: 0, spurious: 0 }, excerpts: [excerpt], ...explained,
    },
    ...changes,
  };
}

const comparison: Comparison = {
  model: "runs/a", against: "runs/b", f1: 0.82, againstF1: 0.8, difference: 0.02, interval: { low: -0.01, high: 0.05 },
  pValue: 0.18, resamples: 1000,
};

function withoutTags(page: string): string {
  return read(page).text.replace(/\s+/g, " ").replace(/&#39;/g, "'").replace(/&lt;/g, "<").replace(/&amp;/g, "&");
}

/** The body, without the style sheet and the script, which may speak of what the page does not have. */
function drawn(page: string): string {
  return page.slice(page.indexOf("<body>")).replace(/<script>[^]*<\/script>/, "");
}

describe("escaping", () => {
  test("text and attributes", () => {
    expect(html`<b title="${"\"'<>&"}">${"</b><script>"}</b>`.text)
      .toBe("<b title=\"&quot;&#39;&lt;&gt;&amp;\">&lt;/b&gt;&lt;script&gt;</b>");
    expect(escapeHtml("a\0\r\u001b\u007f\u0085\ud83d😀\u202e\t\n")).toBe("a␀␍␛␡\ufffd\ufffd😀\ufffd\t\n");
  });

  const hostile = fc.oneof(
    fc.constantFrom("</script><b>", "\"' onclick=\"x", "<!--", "__proto__", "constructor", "]]>", "&lt;", "", "\u202e"),
    fc.string({ unit: "binary", maxLength: 12 }),
    fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((units) => String.fromCharCode(...units)),
  );
  const names = fc.uniqueArray(hostile, { minLength: 12, maxLength: 12 });

  // The same report with harmless strings of the same lengths: nothing but texts may differ.
  function hostileInput([a = "", b = "", c = "", ...rest]: string[], text: string): EvaluationReportInput {
    const end = text.length;
    const gold = [{ start: 0, end, type: a }, { start: 0, end: Math.ceil(end / 2), type: c }];
    const predicted = [{ start: 0, end, type: b, score: 1 }];
    return input({
      model: rest[0] ?? "", data: rest[1] ?? "", notes: [rest[2] ?? ""],
      comparison: { ...comparison, model: rest[3] ?? "", against: rest[4] ?? "" },
      metrics: metricsOf({ [a]: [6, 6, 5], [b]: [4, 3, 3], [c]: [3, 3, 3] }),
    }, {
      nesting: [part(rest[5] ?? "", 1, 1, 1)], confusion: { types: [a, b], counts: [[5, 1, 0], [0, 3, 1], [2, 0, 0]] },
      excerpts: [{
        ...excerpt, id: rest[6] ?? "", excerpt: text, gold, predicted,
        errors: [{ kind: "type", gold: gold[0], predicted: predicted[0] } as SpanError],
      }],
    });
  }

  test("no string of the data becomes markup", () => {
    const plain = Array.from({ length: 12 }, (_, index) => `x${index}`);
    fc.assert(fc.property(names, hostile, (given, text) => {
      const page = renderEvaluationReport(hostileInput(given, text));
      const { tags } = read(page);
      expect(tags).toEqual(read(renderEvaluationReport(hostileInput(plain, "x".repeat(text.length)))).tags);
      expect(page).not.toMatch(/(?![\t\n])\p{Cc}|\p{Surrogate}|\u202e/u);
    }), { numRuns: 150 });
  });

  test("nor in the report of a run", () => {
    fc.assert(fc.property(hostile, hostile, hostile, (name, type, note) => {
      const records = [point(1, { dev: metricsOf({ [type]: [3, 2, 1] }) })];
      read(renderRunReport({ name, directory: name, epochs: 1, records, notes: [note] }));
    }), { numRuns: 100 });
  });

  test("nothing is fetched, nothing has a date", () => {
    for (const page of [renderEvaluationReport(input({ comparison })), run(3)]) {
      expect(page).toContain("\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
        + "img-src data:\"");
      expect(page).not.toMatch(/https?:|url\(|@import|<link|<img| src=/);
      expect([...page.matchAll(/ href="([^"]*)"/g)].every(([, target = ""]) => target.startsWith("#"))).toBe(true);
    }
    expect(renderEvaluationReport(input({ comparison }))).toBe(renderEvaluationReport(input({ comparison })));
    expect(run(3)).toBe(run(3));
  });
});

describe("lines under entities", () => {
  const arbitrary = fc.string({ unit: "binary", maxLength: 30 }).chain((text) => {
    const entities: fc.Arbitrary<Entity[]> = fc.array(fc.record({
      start: fc.integer({ min: -1, max: text.length }), end: fc.integer({ min: 0, max: text.length + 1 }),
      type: fc.constantFrom("a", "b", "c"),
    }), { maxLength: 25 });
    return fc.record({ excerpt: fc.constant(text), gold: entities, predicted: entities });
  });

  test("the pieces are the text, each with exactly the entities that cover it, no two in one lane", () => {
    fc.assert(fc.property(arbitrary, (given) => {
      const { spans, lanes, left } = layOutSpans({ ...excerpt, ...given, errors: [] });
      const segments = segmentsOf(given.excerpt, spans);
      expect(segments.map(({ text }) => text).join("")).toBe(given.excerpt);
      for (const { start, text, spans: over } of segments) {
        expect(text).not.toBe("");
        const covering = spans.filter((span) => span.start < start + text.length && span.end > start);
        expect(new Set(over)).toEqual(new Set(covering));
        expect(over.every((span) => span.start <= start && span.end >= start + text.length)).toBe(true);
        const used = over.map(({ lane }) => lane);
        expect(new Set(used).size).toBe(used.length);
        expect(Math.max(-1, ...used)).toBeLessThan(lanes);
      }
      const keys = [...given.gold, ...given.predicted]
        .filter(({ start, end }) => start >= 0 && end > start && end <= given.excerpt.length)
        .map(({ start, end, type }) => `${start} ${end} ${type}`);
      expect(spans.length + left).toBe(new Set(keys).size);
    }), { numRuns: 500 });
  });

  test("inner above outer; what both have is one line; numbers lead to errors", () => {
    const text = "中国人民大学附属中学";
    const outer = { start: 0, end: 10, type: "organization" };
    const inner = { start: 0, end: 6, type: "organization" };
    const { spans } = layOutSpans({
      ...excerpt, excerpt: text, gold: [outer, inner], predicted: [{ ...outer, score: 2 }],
      errors: [{ kind: "missed", gold: inner }],
    });
    expect(spans).toEqual([
      { ...inner, mark: "gold", errors: [1], lane: 0 },
      { ...outer, mark: "both", errors: [], lane: 1 },
    ]);
  });

  test("more than can be drawn is said", () => {
    const predicted = Array.from({ length: 40 }, (_, index) => ({ start: 0, end: 2, type: `t${index}` }));
    expect(layOutSpans({ ...excerpt, gold: [], predicted, errors: [] })).toMatchObject({ lanes: 12, left: 28 });
    expect(renderEvaluationReport(input({}, { excerpts: [{ ...excerpt, gold: [], predicted }] })))
      .toContain("28 more overlap here");
  });

  test("the text can be copied as it stands", () => {
    const page = renderEvaluationReport(input());
    const paragraph = /<p class="excerpt"[^>]*>(.*?)<\/p>/s.exec(page)?.[1] ?? "";
    expect(paragraph.replace(/<[^>]*>/g, "")).toBe(excerpt.excerpt);
  });
});

describe("evaluation report", () => {
  test("every part is there", () => {
    const text = withoutTags(renderEvaluationReport(input({ comparison, notes: ["2 entities were lost."] })));
    for (const words of [
      "runs/demo/best", "data/test.jsonl", "0.7000 to 0.9000", "1,000 times", "better than the other by 0.0200",
      "−0.0100 to +0.0500, p = 0.18", "may well be chance", "2 entities were lost.", "Overlap", "Nesting",
      "Length of the mention", "Length of the text", "Seen and unseen", "unseen", "none annotated", "annotated ↓",
      "1 error in all.", "1 text with errors", "Text 5", "id 7", "characters 20 to 31",
      "boundary · name · gold 王小明 [20, 23) · predicted 王小 [20, 22) · score 1.23",
    ]) expect(text).toContain(words);
  });

  test("parts that are not there are said not to be", () => {
    const empty = input({ metrics: metricsOf({}) }, {
      nesting: [], mentionLength: [], documentLength: [], confusion: { types: [], counts: [[0]] },
      errorCounts: { boundary: 0, type: 0, missed: 0, spurious: 0 }, excerpts: [],
    });
    delete empty.explanation.seen;
    const page = renderEvaluationReport(empty);
    const text = withoutTags(page);
    for (const words of [
      "There are no entity types.", "There is nothing to break down.", "Not known: without the training set",
      "There are no entity types to confuse.", "There are no errors.", "Nothing is annotated in these texts",
      "The model predicted no entity at all.",
    ]) expect(text).toContain(words);
    expect(text).not.toContain("Compared with");
    expect(page).not.toContain("<script>");
  });

  test("scores of nothing are dashes, not zeros", () => {
    const page = renderEvaluationReport(input({ metrics: metricsOf({ name: [0, 0, 0] }) }));
    expect(page).toContain("<bdi>name</bdi></span></th><td class=\"bars\" colspan=\"2\">"
      + "<small>none annotated</small></td><td>–</td><td>–</td><td>0</td><td>0</td>");
  });

  test("no number is NaN or infinite", () => {
    const nothing = { low: NaN, high: NaN };
    const pages = [
      renderEvaluationReport(input()),
      renderEvaluationReport(input({ metrics: metricsOf({}) }, {
        intervals: { precision: nothing, recall: nothing, f1: nothing, macroF1: nothing, resamples: 0 },
      })),
      renderEvaluationReport(input({
        comparison: { ...comparison, difference: 0, interval: { low: 0, high: 0 }, resamples: 0 },
      })),
      run(1), run(200), run(3, { loss: NaN, learningRate: 0, seconds: 0, tokensPerSecond: Infinity }),
      renderRunReport({ name: "a", directory: "b", epochs: 1, records: [] }),
    ];
    for (const page of pages) {
      read(page);
      expect(drawn(page)).not.toMatch(/NaN|Infinity|undefined|\[object/);
    }
  });

  test.each([
    [0, 1, "as good as the other in", "the same F1"],
    [-0.03, 0, "worse than the other by 0.0300", "p < 0.002). So clear a difference would be rare"],
  ])("a difference of %d in words", (difference, pValue, ...words) => {
    const text = withoutTags(renderEvaluationReport(input({ comparison: { ...comparison, difference, pValue } })));
    for (const one of words) expect(text).toContain(one);
  });

  test("of many types, those that are confused most are shown, and how many are not", () => {
    const types = Array.from({ length: 300 }, (_, index) => `type${index}`);
    const counts = Array.from({ length: 301 }, (_, row) => Array.from({ length: 301 }, (_, column) =>
      row === 250 && column === 270 ? 9 : row === column ? 1 : row === 3 && column < 20 ? 1 : 0));
    const page = renderEvaluationReport(input({}, { confusion: { types, counts } }));
    expect(withoutTags(page)).toContain(
      "The 20 types with the most confusion are shown; 280 types with less are left out, and so 2 type errors of 28.");
    const table = /<table class="confusion">.*?<\/table>/s.exec(page)?.[0] ?? "";
    expect(table.match(/<th scope="row">/g)).toHaveLength(21);
    expect(table).toContain("<bdi>type250</bdi>");
    expect(table).toContain("--shade:100%\">9</td>");
  });

  test("very many errors in a text are cut, and that is said", () => {
    const errors = Array.from({ length: 50 }, () => boundary);
    expect(withoutTags(renderEvaluationReport(input({}, { excerpts: [{ ...excerpt, errors }] }))))
      .toContain("10 more errors in this text are not listed.");
  });
});

function point(epoch: number, changes: Partial<EpochPoint> = {}): EpochPoint {
  return {
    epoch, step: epoch * 30, loss: 10 / epoch, learningRate: 2e-5 / epoch, seconds: 40, tokensPerSecond: 12_000,
    dev: metricsOf({ name: [10, 9, Math.min(9, epoch)], address: [0, 0, 0] }), ...changes,
  };
}

function run(epochs: number, changes: Partial<EpochPoint> = {}): string {
  return renderRunReport({
    name: "demo", directory: "runs/demo", epochs, bestEpoch: Math.ceil(epochs / 2),
    records: Array.from({ length: epochs }, (_, index) => point(index + 1, changes)),
  });
}

describe("report of a run", () => {
  test("every part is there, the best epoch marked", () => {
    const page = run(10);
    const text = withoutTags(page);
    for (const words of [
      "runs/demo", "10 of 10 epochs", "300 steps", "6 min 40 s", "12,000 tokens per second", "Training loss",
      "Learning rate", "the model of epoch 5 is the best", "Scores on the development set after epoch 5 (the best)",
    ]) expect(text).toContain(words);
    expect(page.match(/<tr class="best"><th scope="row">best 5<\/th>/g)).toHaveLength(1);
    expect(page).toContain("aria-label=\"Training loss. Epochs 1 to 10: Loss from 10.00 to 1.000.\"");
  });

  test("one epoch, no best one, none at all", () => {
    const one = renderRunReport({ name: "a", directory: "b", epochs: 5, records: [point(1)], notes: ["interrupted"] });
    expect(withoutTags(one)).toContain("last epoch; none was the best");
    expect(withoutTags(one)).toContain("interrupted");
    expect(one).toContain("Training loss. Epoch 1: Loss 10.00.");
    expect(withoutTags(renderRunReport({ name: "a", directory: "b", epochs: 5, records: [] })))
      .toContain("No epoch is complete yet.");
  });

  test("a curve has a gap where there is no value", () => {
    const records = [point(1), point(2, { loss: NaN }), point(3)];
    expect(renderRunReport({ name: "a", directory: "b", epochs: 3, records })).toMatch(/d="M0 [\d.]+M100 [\d.]+"/);
  });
});

describe("scales and numbers", () => {
  test("round ends that hold all values", () => {
    fc.assert(fc.property(fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 }), (values) => {
      const scale = linearScale(values);
      expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
      expect(scale.ticks.length).toBeLessThan(12);
      const slack = (scale.high - scale.low) * 1e-6;
      for (const value of values) {
        expect(value).toBeGreaterThanOrEqual(scale.low - slack);
        expect(value).toBeLessThanOrEqual(scale.high + slack);
        expect(placeOn(scale, value)).toBeGreaterThanOrEqual(0);
      }
    }));
    expect(linearScale([0, 2e-5]).ticks.map(({ label }) => label))
      .toEqual(["0", "0.5e−5", "1.0e−5", "1.5e−5", "2.0e−5"]);
    expect(linearScale([0, 14_000]).ticks.map(({ label }) => label)).toEqual(["0", "5k", "10k", "15k"]);
    expect(linearScale([0.99, 1], { limits: [0, 1] }).high).toBeLessThanOrEqual(1);
    expect(logarithmicScale([0.02, 12]).ticks.map(({ label }) => label)).toEqual(["0.1", "1", "10"]);
    expect(wholeTicks(1, 200)).toEqual([1, 20, 40, 60, 80, 100, 120, 140, 160, 180, 200]);
    expect(wholeTicks(1, 3)).toEqual([1, 2, 3]);
  });

  test("numbers", () => {
    expect([0, 999, 1000, 1234567, NaN].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567", "–"]);
    expect([0.5, -0.25, 0, -0.00001].map(formatDifference)).toEqual(["+0.5000", "−0.2500", "0.0000", "0.0000"]);
    expect([8.42, 59.97, 200, 7500].map(formatDuration)).toEqual(["8.4 s", "1 min 0 s", "3 min 20 s", "2 h 5 min"]);
    expect([0, 0.1234567, 12.3, 2e-5, 1234567].map(formatValue))
      .toEqual(["0", "0.1235", "12.30", "2.00e−5", "1,234,567"]);
    expect([formatPValue(0, 1000), formatPValue(0.0412, 1000)]).toEqual(["p < 0.002", "p = 0.041"]);
  });
});
