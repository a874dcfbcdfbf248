import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { type ChannelCredentials, Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import type { Clock } from "../../base/index.ts";
import {
  RequestTooLargeError,
  StoreClosedError,
  StoreError,
  StoreFullError,
  StoreUnavailableError,
} from "../errors.ts";
import type { Method, WatchRequest, WatchResponse } from "./messages.ts";
import { WATCH } from "./messages.ts";

export interface EtcdTls {
  /** PEM. */
  readonly certificateAuthority: Uint8Array;
  readonly certificate?: Uint8Array;
  readonly key?: Uint8Array;
}

export interface ConnectionOptions {
  readonly clock: Clock;
  /** `http://host:port` or `https://host:port`. */
  readonly endpoints: readonly string[];
  readonly tls: EtcdTls | undefined;
  readonly requestTimeoutMs: number;
  readonly requestBytesMax: number;
}

/** The past that was asked for is gone, or has not come: told apart by whoever asked. */
export class RevisionOutOfRange extends Error {
  readonly compacted: boolean;

  constructor(compacted: boolean) {
    super(compacted ? "compacted" : "future");
    this.name = "RevisionOutOfRange";
    this.compacted = compacted;
  }
}

export interface WatchStream {
  cancel(): void;
}

export interface WatchStreamListener {
  onResponse(response: WatchResponse): void;
  /** Nothing follows. */
  onEnd(error: Error): void;
}

/** grpc-js says so when it had no connection to send on: the server cannot have seen the request. */
const NOT_SENT = /no connection established|name resolution|failed to connect|ECONNREFUSED/i;
const RETRY_DELAY_MS = 100;
const KEEPALIVE_MS = 10_000;

/**
 * Calls to whichever member of the cluster answers. After a failure the next one is asked; a write is asked again only
 * when it cannot have been carried out.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #clients: readonly Client[];
  readonly #streams = new Set<WatchStream>();
  #current = 0;
  #closed = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#clients = options.endpoints.map((endpoint) => openChannel(endpoint, options.tls));
  }

  async call<Asked, Answered>(method: Method<Asked, Answered>, request: Asked): Promise<Answered> {
    const { clock, requestTimeoutMs } = this.#options;
    const deadlineMs = clock.monotonic() + requestTimeoutMs;
    for (;;) {
      if (this.#closed) throw new StoreClosedError();
      const member = this.#current;
      try {
        return await this.#callMember(member, method, request, this.#attemptMs(method.idempotent, deadlineMs));
      } catch (error) {
        const failure = asServiceError(error);
        if (failure === undefined) throw error;
        if (!isOutage(failure)) throw this.#translate(failure);
        this.#failOver(member);
        const mayRetry = method.idempotent || NOT_SENT.test(failure.details);
        if (!mayRetry || this.#closed || clock.monotonic() + RETRY_DELAY_MS >= deadlineMs)
          throw this.#translate(failure);
        await clock.sleep(RETRY_DELAY_MS);
      }
    }
  }

  /** One watch on one stream. The listener is not called any more after `cancel`. */
  watch(request: WatchRequest, listener: WatchStreamListener): WatchStream {
    const member = this.#current;
    const client = this.#clients[member] as Client;
    const call = client.makeBidiStreamRequest(WATCH.path, WATCH.encode, WATCH.decode, requireLeader());
    let ended = false;
    const end = (error: Error | undefined): void => {
      if (ended) return;
      ended = true;
      this.#streams.delete(stream);
      if (error !== undefined) listener.onEnd(error);
    };
    const stream: WatchStream = {
      cancel: () => {
        end(undefined);
        call.cancel();
      },
    };
    this.#streams.add(stream);
    call.on("data", (response: WatchResponse) => {
      if (!ended) listener.onResponse(response);
    });
    call.on("error", (error) => {
      if (!ended) this.#failOver(member);
      end(error);
    });
    call.on("end", () => end(new StoreUnavailableError("watch stream ended")));
    call.write(request);
    return stream;
  }

  close(): void {
    this.#closed = true;
    for (const stream of [...this.#streams]) stream.cancel();
    for (const client of this.#clients) client.close();
  }

  /** A member that hangs must not use up the time of the others. */
  #attemptMs(idempotent: boolean, deadlineMs: number): number {
    const { clock, requestTimeoutMs } = this.#options;
    const leftMs = Math.max(1, deadlineMs - clock.monotonic());
    return idempotent && this.#clients.length > 1 ? Math.min(leftMs, requestTimeoutMs / 3) : leftMs;
  }

  #failOver(member: number): void {
    if (this.#current === member) this.#current = (member + 1) % this.#clients.length;
  }

  #callMember<Asked, Answered>(
    member: number,
    method: Method<Asked, Answered>,
    request: Asked,
    timeoutMs: number,
  ): Promise<Answered> {
    const client = this.#clients[member] as Client;
    return new Promise((resolve, reject) => {
      const call = client.makeUnaryRequest(method.path, method.encode, method.decode, request, (error, response) => {
        timer.cancel();
        if (error !== null) reject(error);
        else if (response === undefined) reject(new StoreUnavailableError("empty response"));
        else resolve(response);
      });
      const timer = this.#options.clock.after(timeoutMs, () => call.cancel());
    });
  }

  /** etcd's messages: `api/v3rpc/rpctypes/error.go`. */
  #translate(error: ServiceError): Error {
    const text = error.details;
    if (text.includes("required revision has been compacted")) return new RevisionOutOfRange(true);
    if (text.includes("required revision is a future revision")) return new RevisionOutOfRange(false);
    if (text.includes("database space exceeded")) return new StoreFullError("etcd", { cause: error });
    if (text.includes("request is too large")) {
      return new RequestTooLargeError(this.#options.requestBytesMax, this.#options.requestBytesMax);
    }
    if (this.#closed) return new StoreClosedError();
    if (isOutage(error)) return new StoreUnavailableError(text, { cause: error });
    return new StoreError("StoreRequestError", `etcd refused the request: ${text}`, false, { cause: error });
  }
}

/** etcd then ends the stream when its member is cut off from the majority, rather than let it wait. */
function requireLeader(): Metadata {
  const metadata = new Metadata();
  metadata.set("hasleader", "true");
  return metadata;
}

function isOutage(error: ServiceError): boolean {
  return (
    error.code === status.UNAVAILABLE ||
    error.code === status.DEADLINE_EXCEEDED ||
    error.code === status.CANCELLED ||
    (error.code === status.UNKNOWN && error.details.includes("context deadline exceeded"))
  );
}

function asServiceError(error: unknown): ServiceError | undefined {
  return error instanceof Error && "code" in error && "details" in error ? (error as ServiceError) : undefined;
}

function openChannel(endpoint: string, tls: EtcdTls | undefined): Client {
  const { protocol, host, hostname } = new URL(endpoint);
  const address = hostname.replace(/^\[|\]$/g, "");
  return new Client(host, protocol === "https:" ? secure(address, tls) : credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_MS,
    "grpc.initial_reconnect_backoff_ms": RETRY_DELAY_MS,
    "grpc.max_reconnect_backoff_ms": 2000,
    // Channels to the same address would share a connection, and closing one store's would be waited for by another.
    "grpc.use_local_subchannel_pool": 1,
    ...(isIP(address) === 0 ? {} : { "grpc.ssl_target_name_override": NAME_INSTEAD_OF_ADDRESS }),
  });
}

/** grpc-js would put an address into the server name extension, which TLS does not allow and Node.js refuses. */
const NAME_INSTEAD_OF_ADDRESS = "etcd";

function secure(address: string, tls: EtcdTls | undefined): ChannelCredentials {
  const buffer = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : Buffer.from(bytes));
  return credentials.createSsl(buffer(tls?.certificateAuthority), buffer(tls?.key), buffer(tls?.certificate), {
    checkServerIdentity: (name, certificate) => checkServerIdentity(isIP(address) === 0 ? name : address, certificate),
  });
}
