import { request as requestHttp, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";
import { isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

// One GET over node:http. Not fetch: before Node 24 it knows no proxies, and its connections cannot be handed to it.

/** Until a connection stands, and between two pieces of an answer; milliseconds. */
const STALL_TIMEOUT = 30_000;

/** Nothing came for too long. */
export class StalledError extends Error {
  constructor(milliseconds: number) {
    super(`nothing came for ${milliseconds / 1000} s`);
  }
}

/** A proxy that does not let a connection through. */
export class ProxyRefusal extends Error {
  constructor(proxy: URL, readonly status: number) {
    super(`the proxy ${proxy.host} answers ${status} to the wish for a connection`);
  }
}

export interface GetOptions {
  headers: OutgoingHttpHeaders;
  signal: AbortSignal;
  proxy: URL | undefined;
  /** How long to wait when nothing comes, in milliseconds; default: 30 s. */
  timeout?: number;
}

function send(url: URL, options: RequestOptions): ReturnType<typeof requestHttp> {
  return (url.protocol === "https:" ? requestHttps : requestHttp)(url, options);
}

function proxyAuthorization({ username, password }: URL): OutgoingHttpHeaders {
  if (username === "" && password === "") return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "Proxy-Authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
}

/** A host as sockets and certificates take it. */
function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** A connection through a proxy to the host and port of an address. */
function openTunnel(proxy: URL, url: URL, signal: AbortSignal, timeout: number): Promise<Socket> {
  const path = `${url.hostname}:${url.port === "" ? "443" : url.port}`;
  return new Promise((resolve, reject) => {
    const request = send(new URL(proxy.origin), {
      method: "CONNECT", path, headers: { Host: path, ...proxyAuthorization(proxy) }, signal, timeout, agent: false,
    });
    request.on("timeout", () => { request.destroy(new StalledError(timeout)); });
    request.on("error", reject);
    request.on("connect", (response, socket) => {
      if (response.statusCode === 200) {
        socket.removeAllListeners("timeout");
        resolve(socket);
      } else {
        socket.destroy();
        reject(new ProxyRefusal(proxy, response.statusCode ?? 0));
      }
    });
    request.end();
  });
}

/** What the way to the address adds to a request. */
async function route(
  url: URL, { headers, signal, proxy }: GetOptions, timeout: number,
): Promise<[URL, RequestOptions]> {
  if (proxy === undefined) return [url, { headers, signal, timeout }];
  if (url.protocol === "http:") {
    const throughProxy = { Host: url.host, ...headers, ...proxyAuthorization(proxy) };
    return [new URL(proxy.origin), { headers: throughProxy, signal, timeout, path: url.href }];
  }
  const socket = await openTunnel(proxy, url, signal, timeout);
  const host = bareHost(url);
  const servername = isIP(host) === 0 ? { servername: host } : {};
  // The timeout is heeded only by a connection that node:http makes itself; here it has to be set.
  const createConnection = (): Socket => connectTls({ socket, host, ...servername }).setTimeout(timeout);
  return [url, { headers, signal, timeout, createConnection }];
}

/**
 * Asks for an address and resolves with the beginning of the answer, whatever its status; its body is for the caller to
 * read or destroy. Asking and reading fail with a StalledError when nothing comes for too long.
 */
export async function get(url: URL, options: GetOptions): Promise<IncomingMessage> {
  const { timeout = STALL_TIMEOUT } = options;
  const [target, requestOptions] = await route(url, options, timeout);
  return await new Promise((resolve, reject) => {
    let answer: IncomingMessage | undefined;
    const request = send(target, requestOptions);
    request.on("timeout", () => { (answer ?? request).destroy(new StalledError(timeout)); });
    request.on("error", reject); // of no effect once there is an answer, whose reader is told instead
    request.on("response", (response) => {
      answer = response;
      response.on("error", () => undefined); // its reader is told too; a break before it reads must not end the process
      resolve(response);
    });
    request.end();
  });
}
