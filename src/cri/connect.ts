import type { received } from "./codec.ts";
import type { ConnectOptions } from "./client.ts";
import type { ContainerRuntime } from "./services.ts";

// Whoever needs this room for something else is spared gRPC and protobuf: 20 MB of memory, and their time to load.

/** Dials at the first call; a lost connection is dialled again by the next one. */
export async function connectRuntime(options: ConnectOptions): Promise<ContainerRuntime> {
  const { openRuntime } = await import("./client.ts");
  return openRuntime(options);
}

export type Received = typeof received;

/** For fakes: makes of a message what a peer would receive. */
export async function loadReceived(): Promise<Received> {
  return (await import("./codec.ts")).received;
}
