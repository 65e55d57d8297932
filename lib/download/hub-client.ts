import type { IncomingMessage } from "node:http";
import { GlobalPointerError } from "../errors.js";
import { failureOnTheWay, type Destination } from "./broken-connection.js";
import { get } from "./connection.js";
import type { HubSettings } from "./hub-settings.js";
import { proxyFor } from "./proxy.js";
import { elsewhereRefused, hubRefused, type Subject } from "./refusal.js";
import { withRetries, type RetryPolicy } from "./retry.js";

const REDIRECTS = [301, 302, 303, 307, 308];
const MOST_REDIRECTS = 5;

/** An answer, and the address that gave it in the end. */
export interface Opened {
  answer: IncomingMessage;
  url: URL;
}

/**
 * What all requests for one model have in common: the token, redirects, proxies, and what a failure means. The token
 * goes to the endpoint's own host only, never to one that the hub sends us on to.
 */
export class HubClient {
  readonly #endpoint: URL;
  #reached = false;

  constructor(
    readonly settings: HubSettings, private readonly subject: Subject, readonly policy: RetryPolicy,
    private readonly environment: NodeJS.ProcessEnv,
  ) {
    this.#endpoint = new URL(settings.endpoint);
  }

  /** In the place of fetch, for @huggingface/hub: asks again when a request broke, throws when it is refused. */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    const headers = Object.fromEntries(new Headers(init?.headers));
    const { endpoint } = this.settings;
    return await withRetries(async () => {
      const opened = await this.open(url, headers);
      const { statusCode, headers: { link } } = opened.answer;
      const chunks: Buffer[] = [];
      for await (const chunk of this.body(opened)) chunks.push(chunk);
      // All that the package looks at; `link` leads to the next page of a long listing.
      return new Response(Buffer.concat(chunks), {
        ...(statusCode === undefined ? {} : { status: statusCode }),
        ...(link === undefined ? {} : { headers: { link } }),
      });
    }, `Asking ${endpoint}`, "try again later, or name a mirror with --endpoint or HF_ENDPOINT", this.policy);
  };

  /**
   * Asks once; resolves with the beginning of an answer that has what was asked for: status 2xx, or 416 to a range.
   *
   * @throws BrokenConnection when another attempt may help, GlobalPointerError `DOWNLOAD` when none will
   */
  async open(start: URL, headers: Record<string, string>): Promise<Opened> {
    let url = start;
    for (let hops = 0; hops <= MOST_REDIRECTS; hops++) {
      const answer = await this.#get(url, headers);
      const { statusCode: status = 0, headers: { location } } = answer;
      if (!REDIRECTS.includes(status) || location === undefined) return this.#accepted({ answer, url });
      answer.destroy();
      url = this.#next(location, url);
    }
    throw new GlobalPointerError(
      "DOWNLOAD", `${start.host} sends requests on and on: check the address given as --endpoint or HF_ENDPOINT.`,
    );
  }

  /** The body of an answer; a break of the connection is turned into what it means. */
  async* body({ answer, url }: Opened): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) yield chunk;
    } catch (error) {
      throw this.#meaningOf(error, { url, proxy: undefined });
    }
  }

  /** Whether the token may be sent along. */
  #isOwnHost(url: URL): boolean {
    const { host, protocol } = this.#endpoint;
    return url.host === host && (url.protocol === protocol || url.protocol === "https:");
  }

  async #get(url: URL, headers: Record<string, string>): Promise<IncomingMessage> {
    const { token } = this.settings;
    const proxy = proxyFor(url, this.environment);
    try {
      const answer = await get(url, {
        headers: {
          "User-Agent": "globalpointer gp-download",
          "Accept-Encoding": "identity", // what is counted and hashed are the file's own bytes
          ...headers,
          ...(token !== undefined && this.#isOwnHost(url) ? { Authorization: `Bearer ${token}` } : {}),
        },
        signal: this.policy.signal,
        proxy,
      });
      this.#reached = true;
      return answer;
    } catch (error) {
      throw this.#meaningOf(error, { url, proxy });
    }
  }

  #meaningOf(error: unknown, destination: Destination): Error {
    this.policy.signal.throwIfAborted();
    return failureOnTheWay(error, destination, this.#reached);
  }

  #next(location: string, from: URL): URL {
    const url = URL.canParse(location, from.href) ? new URL(location, from.href) : undefined;
    if (url?.protocol === "https:" || (url?.protocol === "http:" && from.protocol === "http:")) return url;
    throw new GlobalPointerError(
      "DOWNLOAD", `${from.host} sends the request on to an address that is no safe one: check the address given as `
      + "--endpoint or HF_ENDPOINT.",
    );
  }

  #accepted(opened: Opened): Opened {
    const { answer, url } = opened;
    const status = answer.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 416) return opened;
    answer.destroy();
    throw this.#isOwnHost(url)
      ? hubRefused(answer, this.subject, this.settings.endpoint, this.settings.token !== undefined)
      : elsewhereRefused(answer, url.host);
  }
}
