import * as grpc from "@grpc/grpc-js";
import type { Clock } from "../base/index.ts";
import { decode, encode } from "./codec.ts";
import { type ContainerdEvent, containerdEvents } from "./containerd/events.ts";
import { CriError, codeName } from "./errors.ts";
import { containerEventsMethod, imageServiceMethods, runtimeServiceMethods } from "./facts/services.ts";
import type { MessageName, Request, Response } from "./messages.ts";
import type { CallOptions, ContainerRuntime, ImageService, RuntimeService } from "./services.ts";

const DEFAULT_TIMEOUT_MS = 120_000;
/** The kubelet's own limit for a CRI message. */
const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;

export interface ConnectOptions {
  /** A unix socket: `/path`, `unix:///path` or `unix:/path`. */
  readonly endpoint: string;
  readonly clock: Clock;
}

/** Behind `connectRuntime`. */
export function openRuntime(options: ConnectOptions): ContainerRuntime {
  const path = options.endpoint.replace(/^unix:(\/\/)?/, "");
  const client = new grpc.Client(`unix:${path}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.min_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 1_000,
    "grpc.enable_http_proxy": 0,
    "grpc.default_authority": "localhost",
    "grpc.use_local_subchannel_pool": 1,
  });
  const connection = { client, clock: options.clock };
  const runtime = {
    ...serviceCalls(connection, "runtime.v1.RuntimeService", runtimeServiceMethods),
    getContainerEvents: (signal: AbortSignal) => containerEvents(client, signal),
  };
  return {
    runtime: runtime as unknown as RuntimeService,
    images: serviceCalls(connection, "runtime.v1.ImageService", imageServiceMethods) as unknown as ImageService,
    changes: (signal) => changes(client, signal),
    close: () => client.close(),
  };
}

interface Connection {
  readonly client: grpc.Client;
  readonly clock: Clock;
}

type Method = readonly [name: string, request: MessageName, response: MessageName];

function serviceCalls(connection: Connection, service: string, methods: Readonly<Record<string, Method>>) {
  const calls = Object.entries(methods).map(([key, method]) => [key, unaryCall(connection, service, method)]);
  return Object.fromEntries(calls);
}

function unaryCall({ client, clock }: Connection, service: string, [name, requestName, responseName]: Method) {
  const path = `/${service}/${name}`;
  const serialize = (request: Request<MessageName>) => encode(requestName, request);
  const deserialize = (bytes: Buffer) => decode(responseName, bytes);
  return (request: Request<MessageName> = {}, options: CallOptions = {}) =>
    new Promise<Response<MessageName>>((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted) {
        reject(new CriError("Canceled", "context canceled", { cause: signal.reason }));
        return;
      }
      const finish = (error: grpc.ServiceError | null, response?: Response<MessageName>) => {
        signal?.removeEventListener("abort", cancel);
        if (error !== null) reject(criError(error));
        else resolve(response as Response<MessageName>);
      };
      const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
      const limits = timeoutMs === 0 ? {} : { deadline: clock.now() + timeoutMs };
      const call = client.makeUnaryRequest(path, serialize, deserialize, request, limits, finish);
      const cancel = () => call.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
    });
}

async function* containerEvents(
  client: grpc.Client,
  signal: AbortSignal,
): AsyncGenerator<Response<"ContainerEventResponse">> {
  if (signal.aborted) return;
  const [name, requestName, responseName] = containerEventsMethod;
  const call = client.makeServerStreamRequest(
    `/runtime.v1.RuntimeService/${name}`,
    (request: Request<typeof requestName>) => encode(requestName, request),
    (bytes: Buffer) => decode(responseName, bytes),
    {},
  );
  const cancel = () => call.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for await (const event of call) yield event as Response<"ContainerEventResponse">;
  } catch (error) {
    if (!signal.aborted) throw criError(error as grpc.ServiceError);
  } finally {
    signal.removeEventListener("abort", cancel);
    call.cancel();
  }
}

async function* changes(client: grpc.Client, signal: AbortSignal): AsyncGenerator<ContainerdEvent> {
  try {
    yield* containerdEvents(client, signal);
  } catch (error) {
    throw criError(error as grpc.ServiceError);
  }
}

function criError(error: grpc.ServiceError): CriError {
  if (error.code === grpc.status.DEADLINE_EXCEEDED) {
    return new CriError("DeadlineExceeded", "context deadline exceeded", { cause: error });
  }
  if (error.code === grpc.status.CANCELLED) return new CriError("Canceled", "context canceled", { cause: error });
  const description = dialFailure(error.details ?? "") ?? error.details ?? error.message;
  return new CriError(codeName(error.code ?? grpc.status.UNKNOWN), description, { cause: error });
}

const dialErrors = { ECONNREFUSED: "connection refused", ENOENT: "no such file or directory" } as const;

/** A runtime that is not there, in the words of a Go client. */
function dialFailure(details: string): string | undefined {
  const [, code, path] = /connect (ECONNREFUSED|ENOENT) (\S+?)\.?(?:\s|$)/.exec(details) ?? [];
  if (code !== "ECONNREFUSED" && code !== "ENOENT") return undefined;
  return `connection error: desc = "transport: Error while dialing: dial unix ${path}: connect: ${dialErrors[code]}"`;
}
