import { type Clock, messageOf, type Network, withTimeout } from "../../base/index.ts";
import type { Store } from "../../storage/index.ts";
import { KubeletConnections, type Target } from "../streaming/kubelet-connection.ts";

/** What a component says of its health: `ok`, or what is wrong. */
export interface ProbeResult {
  readonly healthy: boolean;
  readonly message: string;
  /** Why it could not be asked properly. */
  readonly error?: string;
}

export type ComponentProbe = (signal: AbortSignal) => Promise<ProbeResult>;

const timeoutMs = 20_000;
const answerBytesMax = 10 * 1024;

/**
 * Asks a component on this machine for `/healthz`, over TLS, whoever signed its certificate: upstream asks the
 * controller manager and the scheduler at their usual ports.
 */
export function httpsProbe(network: Network, clock: Clock, port: number): ComponentProbe {
  const target: Target = { host: "127.0.0.1", port, tls: true };
  const connections = new KubeletConnections(network, undefined);
  return async (signal) => {
    try {
      return await withTimeout(clock, timeoutMs, () => ask(connections, target, signal));
    } catch (error) {
      return { healthy: false, message: `Get "https://127.0.0.1:${port}/healthz": ${reason(messageOf(error))}` };
    }
  };
}

/** Asks the store itself. */
export function storeProbe(store: Store): ComponentProbe {
  return async () => {
    try {
      await store.currentRevision();
      return { healthy: true, message: "ok" };
    } catch (error) {
      return { healthy: false, message: "", error: messageOf(error) };
    }
  };
}

async function ask(connections: KubeletConnections, target: Target, signal: AbortSignal): Promise<ProbeResult> {
  const response = await connections.send(target, { method: "GET", path: "/healthz", headers: {}, signal });
  try {
    let body = "";
    for await (const chunk of response as AsyncIterable<Buffer>) {
      body += chunk.toString();
      if (body.length > answerBytesMax) break;
    }
    const { statusCode = 0 } = response;
    if (statusCode >= 200 && statusCode < 400) return { healthy: true, message: body };
    return { healthy: false, message: `HTTP probe failed with statuscode: ${statusCode}` };
  } finally {
    response.destroy();
  }
}

function reason(message: string): string {
  const refused = /ECONNREFUSED (\S+)/.exec(message);
  return refused === null ? message : `dial tcp ${refused[1]}: connect: connection refused`;
}
