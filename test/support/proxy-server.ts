// An HTTP proxy on this machine that leads every host to where the test says.
import { createServer, request as forward } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

export interface ProxyServer {
  address: string;
  /** "CONNECT host:port" and "GET host", with the credentials that came along. */
  seen: string[];
  /** The status that every wish for a tunnel is refused with. */
  refuseWith: number | undefined;
  close: () => Promise<void>;
}

function credentials(header: string | undefined): string {
  return header === undefined ? "" : ` ${Buffer.from(header.replace("Basic ", ""), "base64").toString()}`;
}

/** @param lead the address that stands for a host */
export async function startProxy(lead: (host: string) => URL): Promise<ProxyServer> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "");
    proxy.seen.push(`GET ${url.host}${credentials(request.headers["proxy-authorization"])}`);
    forward(new URL(url.pathname + url.search, lead(url.hostname)), { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    }).end();
  });
  server.on("connect", (request, socket: Socket) => {
    const [host = ""] = (request.url ?? "").split(":");
    proxy.seen.push(`CONNECT ${request.url ?? ""}${credentials(request.headers["proxy-authorization"])}`);
    if (proxy.refuseWith !== undefined) {
      socket.end(`HTTP/1.1 ${proxy.refuseWith} No\r\n\r\n`);
      return;
    }
    const { hostname, port } = lead(host);
    const onward = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) {
      sockets.add(end);
      end.on("error", () => { socket.destroy(); onward.destroy(); });
    }
  });
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  const proxy: ProxyServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    refuseWith: undefined,
    close: () => new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close(() => { resolve(); });
    }),
  };
  return proxy;
}
