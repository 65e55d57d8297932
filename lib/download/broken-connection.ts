import { GlobalPointerError } from "../errors.js";
import { ProxyRefusal, StalledError } from "./connection.js";

/** A fault that may pass: the request is worth another attempt. */
export class BrokenConnection extends Error {
  /** @param retryAfter seconds that the server wants to be left alone for */
  constructor(message: string, readonly retryAfter = 0, options?: { cause?: unknown }) {
    super(message, options);
  }
}

/** What the system's words for a connection that does not come about mean; worth waiting for once there was one. */
const UNREACHABLE: Record<string, string> = {
  ENOTFOUND: "the host cannot be found",
  EAI_AGAIN: "the host cannot be looked up",
  ECONNREFUSED: "the host refuses the connection",
  ENETUNREACH: "there is no way to the host",
  EHOSTUNREACH: "there is no way to the host",
  ENETDOWN: "there is no network",
};

/** The same for one that broke. */
const BROKEN: Record<string, string> = {
  ECONNRESET: "the connection broke",
  EPIPE: "the connection broke",
  ETIMEDOUT: "the host does not answer",
};

/** How the verification of a certificate is reported. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_|LEAF_SIGNATURE/;

/** How a host that does not speak TLS, or another kind of it, is reported. */
const HANDSHAKE = /^EPROTO$|^ERR_SSL_/;

/** Where a request went. */
export interface Destination {
  url: URL;
  proxy: URL | undefined;
}

function fault(place: string, reason: string, remedy: string, cause: unknown): GlobalPointerError {
  return new GlobalPointerError("DOWNLOAD", `${place}: ${reason}; ${remedy}.`, { cause });
}

/**
 * What to make of a request that failed on its way.
 *
 * @param reached whether the hub has answered before, so that its address is right and the network was there
 */
export function failureOnTheWay(
  error: unknown, { url, proxy }: Destination, reached: boolean,
): BrokenConnection | GlobalPointerError {
  const place = `${url.host}${proxy === undefined ? "" : ` (through the proxy ${proxy.host})`}`;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (error instanceof StalledError) return new BrokenConnection(`${place}: ${error.message}`, 0, { cause: error });
  const broken = BROKEN[code] ?? (reached ? UNREACHABLE[code] : undefined);
  if (broken !== undefined) return new BrokenConnection(`${place}: ${broken} (${code})`, 0, { cause: error });
  if (error instanceof ProxyRefusal) {
    if (error.status >= 500) return new BrokenConnection(error.message, 0, { cause: error });
    return fault(place, error.message, "check the proxy that https_proxy, http_proxy or all_proxy names", error);
  }
  const unreachable = UNREACHABLE[code];
  if (unreachable !== undefined) {
    return fault(
      place, `${unreachable} (${code})`,
      "check the network, or name another address of the hub, such as a mirror, with --endpoint or HF_ENDPOINT", error,
    );
  }
  if (CERTIFICATE.test(code)) {
    return fault(
      place, `its certificate cannot be verified (${code})`,
      "where a company's proxy puts its own in its place, set NODE_EXTRA_CA_CERTS to the file of the proxy's", error,
    );
  }
  const reason = HANDSHAKE.test(code) ? `the TLS handshake fails (${code})`
    : `no conversation comes about (${error instanceof Error ? error.message.trim().replace(/\s+/g, " ") : String(error)})`;
  return fault(
    place, reason, "check the address given as --endpoint or HF_ENDPOINT", error,
  );
}
