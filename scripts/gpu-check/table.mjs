/** @typedef {import("./stages.mjs").StageResult} StageResult */

/**
 * What was found, for people: a line a stage, and the speeds.
 * @param {readonly StageResult[]} results
 * @returns {string} Markdown
 */
export function tableOf(results) {
  const lines = ["| stage | | seconds | |", "|---|---|---:|---|"];
  for (const { name, ok, seconds, summary } of results) {
    lines.push(`| ${name} | ${ok ? "ok" : "FAILED"} | ${seconds.toFixed(0)} | ${summary.replaceAll("|", "/")} |`);
  }
  for (const { details } of results) {
    const tables = details["tables"];
    if (typeof tables === "string" && tables !== "") {
      lines.push("", "```", tables.trimEnd(), "```");
    }
  }
  return `${lines.join("\n")}\n`;
}
