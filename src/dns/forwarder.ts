import type { DatagramAddress, Network } from "../base/index.ts";
import type { Forwarder } from "./server.ts";

const timeoutMs = 2_000;

/** Passes queries on to the servers of a resolv.conf, one after the other. */
export function udpForwarder(network: Network, servers: readonly DatagramAddress[]): Forwarder {
  return {
    async forward(message) {
      for (const server of servers) {
        const answer = await network.exchangeDatagram(server, message, { timeoutMs }).catch(() => undefined);
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
  };
}
