import type { APIService } from "../../api/index.ts";
import { type Clock, messageOf, type Network, TimeoutError, withTimeout } from "../../base/index.ts";
import { type ProxyClient, ServiceConnections, targetOf } from "./connections.ts";
import { identityHeaders } from "./identity.ts";
import type { ServiceResolver } from "./service-resolver.ts";
import { parseUntrusted } from "./untrusted-json.ts";

const timeoutMs = 5_000;
const bodyBytesMax = 20 * 1024 * 1024;
const aggregator = { name: "system:kube-aggregator", groups: ["system:masters"] };

/** Reads a JSON document of the server behind a registration. Rejects with upstream's words for a failed check. */
export type RemoteFetch = (service: APIService, path: string, signal: AbortSignal) => Promise<unknown>;

export function remoteFetch(
  resolver: ServiceResolver,
  network: Network,
  client: ProxyClient | undefined,
  clock: Clock,
): RemoteFetch {
  return async (service, path, signal) => {
    const target = targetOf(resolver, service);
    const url = `https://${target.host.includes(":") ? `[${target.host}]` : target.host}:${target.port}${path}`;
    const connections = new ServiceConnections(network, client, service, false);
    const get = async (limit: AbortSignal): Promise<unknown> => {
      const headers = { accept: "application/json", ...identityHeaders(aggregator) };
      const response = await connections.send(target, { method: "GET", path, headers, signal: limit });
      const code = response.statusCode ?? 0;
      const text = await bodyOf(response as AsyncIterable<Buffer>);
      if (code < 200 || code > 299) throw new Error(`bad status from ${url}: ${code}`);
      return parseUntrusted(text);
    };
    try {
      return await withTimeout(clock, timeoutMs, get, signal);
    } catch (error) {
      const why =
        error instanceof TimeoutError
          ? `Get ${JSON.stringify(url)}: context deadline exceeded`
          : reason(messageOf(error), url);
      throw new Error(`failing or missing response from ${url}: ${why}`, { cause: error });
    }
  };
}

async function bodyOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > bodyBytesMax) throw new Error("the response is too large");
    parts.push(chunk);
  }
  return Buffer.concat(parts).toString();
}

function reason(message: string, url: string): string {
  const refused = /ECONNREFUSED (\S+)/.exec(message);
  return refused === null ? message : `Get ${JSON.stringify(url)}: dial tcp ${refused[1]}: connect: connection refused`;
}
