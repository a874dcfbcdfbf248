import { type Duplex, duplexPair } from "node:stream";
import { abortable, withTimeout } from "../abort.ts";
import type { Clock } from "../clock.ts";
import { PlatformError } from "../errors.ts";
import type { Address, ConnectOptions, DatagramAddress, DatagramHandler, Listener, Network } from "../network.ts";

const firstFreePort = 32_768;

interface StreamServer {
  readonly onConnection: (stream: Duplex) => void;
  readonly streams: Set<Duplex>;
}

/**
 * A network inside one process. Names are taken as they are: `localhost` and `127.0.0.1` differ, and a listener on
 * `0.0.0.0` or `::` answers for every host.
 */
export class MemoryNetwork implements Network {
  readonly #clock: Clock | undefined;
  readonly #servers = new Map<string, StreamServer>();
  readonly #datagrams = new Map<string, DatagramHandler>();
  readonly #severed = new Set<string>();
  #port = firstFreePort;

  /** The clock is needed for time limits only. */
  constructor(clock?: Clock) {
    this.#clock = clock;
  }

  /** Cuts what is connected to the address and lets nobody in until `heal`. */
  sever(address: Address): void {
    this.#severed.add(keyOf(address));
    for (const stream of this.#server(address)?.streams ?? []) {
      stream.destroy(new PlatformError("ECONNRESET", "connection reset"));
    }
  }

  heal(address: Address): void {
    this.#severed.delete(keyOf(address));
  }

  async connect(address: Address, options: ConnectOptions = {}): Promise<Duplex> {
    options.signal?.throwIfAborted();
    const server = this.#server(address);
    if (server === undefined || this.#severed.has(keyOf(address))) throw refused(address);
    const [near, far] = duplexPair();
    server.streams.add(far);
    far.once("close", () => {
      server.streams.delete(far);
      if (!near.readableEnded) near.destroy();
    });
    near.once("close", () => {
      if (!far.readableEnded) far.destroy();
    });
    far.on("error", () => {});
    queueMicrotask(() => server.onConnection(far));
    return near;
  }

  async listen(address: Address, onConnection: (stream: Duplex) => void): Promise<Listener> {
    const bound = this.#bind(address, this.#servers);
    const server: StreamServer = { onConnection, streams: new Set() };
    this.#servers.set(keyOf(bound), server);
    const close = async (): Promise<void> => {
      this.#servers.delete(keyOf(bound));
      for (const stream of server.streams) stream.destroy();
    };
    return { address: bound, close };
  }

  async listenDatagram(address: DatagramAddress, onMessage: DatagramHandler): Promise<Listener> {
    const bound = this.#bind(address, this.#datagrams);
    this.#datagrams.set(keyOf(bound), onMessage);
    const close = async (): Promise<void> => void this.#datagrams.delete(keyOf(bound));
    return { address: bound, close };
  }

  async exchangeDatagram(
    address: DatagramAddress,
    message: Uint8Array,
    options: ConnectOptions = {},
  ): Promise<Uint8Array> {
    const { signal, timeoutMs } = options;
    signal?.throwIfAborted();
    const handler = this.#datagrams.get(keyOf(address)) ?? this.#datagrams.get(wildcardOf(address));
    if (handler === undefined || this.#severed.has(keyOf(address))) throw refused(address);
    const answer = new Promise<Uint8Array>((resolve) => handler(message, resolve));
    if (this.#clock !== undefined && timeoutMs !== undefined) {
      return withTimeout(this.#clock, timeoutMs, () => answer, signal);
    }
    return signal === undefined ? answer : abortable(answer, signal);
  }

  #server(address: Address): StreamServer | undefined {
    return this.#servers.get(keyOf(address)) ?? this.#servers.get(wildcardOf(address));
  }

  #bind<A extends Address>(address: A, taken: ReadonlyMap<string, unknown>): A {
    const bound = "port" in address && address.port === 0 ? { ...address, port: this.#port++ } : address;
    if (taken.has(keyOf(bound)) || taken.has(wildcardOf(bound))) {
      throw new PlatformError("EADDRINUSE", `address already in use ${keyOf(bound)}`);
    }
    return bound;
  }
}

function keyOf(address: Address): string {
  if ("path" in address) return address.path;
  return address.host === "0.0.0.0" || address.host === "::" ? wildcardOf(address) : `${address.host}:${address.port}`;
}

function wildcardOf(address: Address): string {
  return "path" in address ? address.path : `*:${address.port}`;
}

function refused(address: Address): PlatformError {
  return new PlatformError("ECONNREFUSED", `connect ECONNREFUSED ${keyOf(address)}`);
}
