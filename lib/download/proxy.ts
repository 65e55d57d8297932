import { GlobalPointerError } from "../errors.js";

/** A variable in lower or upper case; the empty text means that it is not set. */
function variable(environment: NodeJS.ProcessEnv, name: string): { name: string; value: string } | undefined {
  return [name, name.toUpperCase()]
    .map((spelling) => ({ name: spelling, value: environment[spelling]?.trim() ?? "" }))
    .find(({ value }) => value !== "");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127(?:\.\d+){3}$/.test(host);
}

/** Whether an entry of no_proxy, `host`, `.domain` or either with `:port`, covers an address. */
function covers(entry: string, url: URL): boolean {
  if (entry === "*") return true;
  const [, host = "", port] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
  const ownPort = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  if (host === "" || (port !== undefined && port !== ownPort)) return false;
  return url.hostname === host || url.hostname.endsWith(`.${host}`);
}

/**
 * The proxy that the usual variables name for an address: `https_proxy` or `http_proxy`, else `all_proxy`, in lower or
 * upper case, unless `no_proxy` covers it. The own machine is always spoken to directly.
 *
 * @throws GlobalPointerError `DOWNLOAD` for a proxy of another kind than HTTP
 */
export function proxyFor(url: URL, environment: NodeJS.ProcessEnv): URL | undefined {
  if (isLoopback(url.hostname)) return undefined;
  const exceptions = variable(environment, "no_proxy")?.value.split(/[\s,]+/) ?? [];
  if (exceptions.some((entry) => covers(entry, url))) return undefined;
  const found = variable(environment, `${url.protocol.slice(0, -1)}_proxy`) ?? variable(environment, "all_proxy");
  if (found === undefined) return undefined;
  const { name, value } = found;
  const text = value.includes("://") ? value : `http://${value}`; // as curl reads it
  if (URL.canParse(text)) {
    const proxy = new URL(text);
    if (proxy.protocol === "http:" || proxy.protocol === "https:") return proxy;
  }
  throw new GlobalPointerError(
    "DOWNLOAD", `The variable ${name} does not name an HTTP proxy, the only kind that is supported: `
    + "set it to http://host:port, or unset it.",
  );
}
