import type { Duplex } from "node:stream";

/** Where a stream endpoint listens or is reached: a TCP address or a unix socket path. */
export type Address = DatagramAddress | { readonly path: string };

export interface DatagramAddress {
  readonly host: string;
  readonly port: number;
}

export interface Listener {
  /** The bound address; a requested port 0 is resolved. */
  readonly address: Address;
  /** Stops listening and cuts the connections that are still open. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface ListenOptions {
  /** Lets other processes listen at the same address and port (`SO_REUSEPORT`). */
  readonly sharesPort?: boolean;
}

export type DatagramHandler = (message: Uint8Array, reply: (answer: Uint8Array) => void) => void;

/** Byte streams and datagrams between processes. Streams may be half closed. */
export interface Network {
  /** Rejects with a `PlatformError` (`ECONNREFUSED`, `ETIMEDOUT`…) when the peer cannot be reached. */
  connect(address: Address, options?: ConnectOptions): Promise<Duplex>;
  /** Rejects with `EADDRINUSE` or `EACCES` when the address cannot be had. */
  listen(address: Address, onConnection: (stream: Duplex) => void, options?: ListenOptions): Promise<Listener>;
  listenDatagram(address: DatagramAddress, onMessage: DatagramHandler): Promise<Listener>;
  /** Sends one datagram and resolves with the first answer. Rejects with `ETIMEDOUT` after `timeoutMs` (default 5 000). */
  exchangeDatagram(address: DatagramAddress, message: Uint8Array, options?: ConnectOptions): Promise<Uint8Array>;
}
