import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Network } from "../../base/index.ts";

/**
 * Hands an upgraded connection (SPDY or WebSocket) to the runtime's streaming server: the request goes on as it came,
 * to another path, and from then on bytes are only passed through. Either side's end ends the other.
 */
export async function proxyUpgrade(
  network: Network,
  target: URL,
  request: IncomingMessage,
  client: Duplex,
  head: Uint8Array,
): Promise<void> {
  const upstream = await network.connect({ host: target.hostname, port: Number(target.port || 80) });
  upstream.write(requestHead(request, target));
  if (head.length > 0) upstream.write(head);
  await new Promise<void>((resolve) => {
    const end = (): void => {
      client.destroy();
      upstream.destroy();
      resolve();
    };
    for (const stream of [client, upstream]) {
      stream.on("error", end);
      stream.on("close", end);
    }
    client.pipe(upstream);
    upstream.pipe(client);
  });
}

const dropped = new Set(["host", "authorization", "content-length"]);

function requestHead(request: IncomingMessage, target: URL): string {
  const lines = [`${request.method} ${target.pathname}${target.search} HTTP/1.1`, `Host: ${target.host}`];
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at] ?? "";
    if (!dropped.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[at + 1]}`);
  }
  if (request.method === "POST") lines.push("Content-Length: 0");
  return `${lines.join("\r\n")}\r\n\r\n`;
}
