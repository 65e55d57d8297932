import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/**
 * The packages, and all that they need in turn, as they lie below node_modules.
 * @param {string} root the project's folder
 * @param {readonly string[]} names
 * @returns {string[]} folders relative to node_modules; what lies within another package comes with it and is not named
 */
export function neededPackages(root, names) {
  const modules = path.join(root, "node_modules");
  /** @type {Set<string>} */
  const found = new Set();
  /** @type {{ name: string, from: string }[]} */
  const wanted = names.map((name) => ({ name, from: modules }));
  for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
    const folder = resolved(next.name, next.from, modules);
    if (folder === undefined || found.has(folder)) {
      continue;
    }
    found.add(folder);
    const manifest = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8"));
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      wanted.push({ name, from: folder });
    }
  }
  return [...found].map((folder) => path.relative(modules, folder))
    .filter((folder) => !folder.includes(`${path.sep}node_modules${path.sep}`)).sort();
}

/**
 * As Node looks for it: beside the one that wants it, then further up. What is not installed (an optional one) is
 * nowhere.
 * @param {string} name
 * @param {string} from
 * @param {string} modules
 */
function resolved(name, from, modules) {
  for (let folder = from; folder.startsWith(modules); folder = path.dirname(folder)) {
    for (const candidate of [path.join(folder, "node_modules", name), path.join(folder, name)]) {
      if (existsSync(path.join(candidate, "package.json"))) {
        return candidate;
      }
    }
  }
  return undefined;
}
