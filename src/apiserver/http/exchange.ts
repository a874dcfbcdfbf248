import type { Duplex } from "node:stream";
import type { UserInfo } from "../request/contract.ts";

export type IncomingHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What is known of the peer; one object per connection, so that what is derived from it can be remembered. */
export interface Peer {
  readonly remoteAddress: string;
  /** DER, leaf first. */
  readonly clientCertificates: readonly Uint8Array[];
}

/** One request, whatever carried it. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: IncomingHeaders;
  readonly peer: Peer;
  /** Aborts when the peer goes away before the response is complete. */
  readonly signal: AbortSignal;
  /** Set for callers in this process, who need no authentication. */
  readonly user?: UserInfo;
  /** The whole body. Throws a `StatusError` (413) beyond the limit. */
  body(limitBytes: number): Promise<Uint8Array>;
  /** Takes over the connection of an upgrade request. */
  readonly takeOver?: () => TakenOver;
}

export interface TakenOver {
  readonly socket: Duplex;
  /** Bytes that came after the request's head. */
  readonly head: Uint8Array;
}

/** Where a response that goes on writes to. */
export interface StreamSink {
  /** False when the peer reads too slowly: write on after `onDrain` has called. */
  write(bytes: Uint8Array): boolean;
  end(): void;
  /** Cuts the connection (or the HTTP/2 stream), so that the peer cannot take the response as complete. */
  destroy(): void;
  onDrain(listener: () => void): void;
  /** The peer is gone or the response has ended. */
  onClose(listener: () => void): void;
  readonly closed: boolean;
}

/**
 * Known length, many parts, made while they are written. A part is good until the next one is asked for, since its
 * memory may serve again: a writer asks when the part before has left. Can be read more than once.
 */
export interface PartsBody {
  readonly type: "parts";
  readonly parts: Iterable<Uint8Array>;
  readonly length: number;
}

export type ResponseBody =
  | { readonly type: "none" }
  | { readonly type: "bytes"; readonly bytes: Uint8Array }
  | PartsBody
  | { readonly type: "stream"; readonly run: (sink: StreamSink) => void }
  /** The handler has taken the connection over. */
  | { readonly type: "taken" };

export interface ApiResponse {
  readonly status: number;
  /** Lower case. Date and framing are the transport's. */
  readonly headers: Record<string, string | string[]>;
  readonly body: ResponseBody;
}

export type ApiHandler = (request: ApiRequest) => Promise<ApiResponse>;
