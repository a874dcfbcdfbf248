import type * as grpc from "@grpc/grpc-js";
import protobuf from "protobufjs";

/** Something that happened in containerd, for example `/tasks/exit`. */
export interface ContainerdEvent {
  readonly topic: string;
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message SubscribeRequest { repeated string filters = 1; }
  message Envelope { string namespace = 2; string topic = 3; }
`);
const request = root.lookupType("SubscribeRequest");
const envelope = root.lookupType("Envelope");
const path = "/containerd.services.events.v1.Events/Subscribe";
/** Containers and sandboxes made over CRI whose process started or ended. */
const filters = [
  'namespace==k8s.io,topic=="/tasks/exit"',
  'namespace==k8s.io,topic=="/tasks/start"',
  'namespace==k8s.io,topic=="/tasks/oom"',
  'namespace==k8s.io,topic=="/tasks/delete"',
];

/**
 * containerd's own events about containers, which 1.6 has where CRI's are missing. Ends when the signal aborts; throws
 * when the stream breaks, `Unimplemented` where the runtime is not containerd.
 */
export async function* containerdEvents(client: grpc.Client, signal: AbortSignal): AsyncGenerator<ContainerdEvent> {
  if (signal.aborted) return;
  const call = client.makeServerStreamRequest(
    path,
    (value: object) => Buffer.from(request.encode(request.fromObject(value)).finish()),
    (bytes: Buffer) => envelope.toObject(envelope.decode(bytes), { defaults: true }) as ContainerdEvent,
    { filters },
  );
  const cancel = () => call.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for await (const event of call) yield event as ContainerdEvent;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", cancel);
    call.cancel();
  }
}
