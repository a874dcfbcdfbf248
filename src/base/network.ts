import type { Duplex } from "node:stream";

/** Where a stream endpoint listens or is reached: a TCP address or a unix socket path. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface Listener {
  /** The bound address; a requested port 0 is resolved. */
  readonly address: Address;
  close(): Promise<void>;
}

/** Byte streams and datagrams between processes. */
export interface Network {
  /** Rejects with a `PlatformError` (`ECONNREFUSED`, `ETIMEDOUT`…) when the peer cannot be reached. */
  connect(address: Address, options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal }): Promise<Duplex>;
  listen(address: Address, onConnection: (stream: Duplex) => void): Promise<Listener>;
  listenDatagram(
    address: { readonly host: string; readonly port: number },
    onMessage: (message: Uint8Array, reply: (answer: Uint8Array) => void) => void,
  ): Promise<Listener>;
}
