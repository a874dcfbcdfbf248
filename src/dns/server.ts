import type { Duplex } from "node:stream";
import {
  type Clock,
  type DatagramAddress,
  type Listener,
  type Log,
  messageOf,
  type Network,
  type Runnable,
  whenAborted,
} from "../base/index.ts";
import { formatErrorReply, parseQuery, reply } from "./message.ts";
import type { Outcome, Resolver } from "./resolver.ts";

/** Who answers names that are not the cluster's. */
export interface Forwarder {
  /** The raw answer, or `undefined` when no server answered. */
  forward(message: Uint8Array): Promise<Uint8Array | undefined>;
}

export interface DnsServerOptions {
  readonly addresses: readonly DatagramAddress[];
  readonly domain: string;
  readonly resolver: Resolver;
  readonly forwarder?: Forwarder;
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Log;
}

const tcpIdleMs = 10_000;
const tcpBytesMax = 65_537;
const bindRetryMs = 250;

/** A DNS server over UDP and TCP. Listens until the signal aborts; an address that is not there yet is tried again. */
export class DnsServer implements Runnable {
  readonly name = "dns";
  readonly #options: DnsServerOptions;

  constructor(options: DnsServerOptions) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    const listeners: Listener[] = [];
    try {
      for (const address of this.#options.addresses) listeners.push(...(await this.#listen(address, signal)));
      await whenAborted(signal);
    } finally {
      await Promise.all(listeners.map((listener) => listener.close()));
    }
  }

  async #listen(address: DatagramAddress, signal: AbortSignal): Promise<Listener[]> {
    const { network, clock, log } = this.#options;
    for (let warned = false; !signal.aborted; warned = true) {
      try {
        const datagrams = await network.listenDatagram(
          address,
          (message, answer) => void this.#datagram(message, answer),
        );
        const streams = await network.listen(address, (stream) => this.#stream(stream));
        return [datagrams, streams];
      } catch (error) {
        if (!warned) log.warn("cannot listen yet", { ...address, error: messageOf(error) });
        await clock.sleep(bindRetryMs, signal).catch(() => undefined);
      }
    }
    return [];
  }

  async #datagram(message: Uint8Array, answer: (bytes: Uint8Array) => void): Promise<void> {
    const bytes = await this.answer(message, "udp");
    if (bytes !== undefined) answer(bytes);
  }

  /** The reply to one message; `undefined` when there is nothing to say to it. */
  async answer(message: Uint8Array, transport: "udp" | "tcp"): Promise<Uint8Array | undefined> {
    const { resolver, forwarder, domain } = this.#options;
    const exchange = parseQuery(message);
    if (exchange === undefined) return undefined;
    if (exchange === "malformed") return formatErrorReply(message);
    const outcome: Outcome = resolver.resolve(exchange.question);
    if (outcome.type === "not-ours" && forwarder !== undefined) {
      return (await forwarder.forward(message)) ?? reply(exchange, { type: "not-ready" }, domain, transport);
    }
    return reply(exchange, outcome, domain, transport);
  }

  /** Messages with a two-byte length before each (RFC 1035 §4.2.2), answered in order. */
  #stream(stream: Duplex): void {
    let pending = Buffer.alloc(0);
    let queue = Promise.resolve();
    let idle = this.#options.clock.after(tcpIdleMs, () => stream.destroy());
    const send = async (message: Buffer): Promise<void> => {
      const bytes = await this.answer(message, "tcp");
      if (bytes === undefined || stream.destroyed) return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.byteLength);
      stream.write(Buffer.concat([length, bytes]));
    };
    stream.on("error", () => stream.destroy());
    stream.on("close", () => idle.cancel());
    stream.on("end", () => void queue.then(() => stream.end()));
    stream.on("data", (chunk: Buffer) => {
      idle.cancel();
      idle = this.#options.clock.after(tcpIdleMs, () => stream.destroy());
      pending = Buffer.concat([pending, chunk]);
      if (pending.length > tcpBytesMax * 4) stream.destroy();
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const length = pending.readUInt16BE(0);
        const message = pending.subarray(2, 2 + length);
        pending = pending.subarray(2 + length);
        queue = queue.then(() => send(message));
      }
    });
  }
}
