import { newBadRequest, newInternalError, type Status, StatusError } from "../../apimachinery/index.ts";
import { type Clock, messageOf, withTimeout } from "../../base/index.ts";
import { SpdyConnection, type SpdyReceiver, type SpdyStream } from "../../component/index.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { Channels } from "./channels.ts";
import { dialSpdy, passRefusal, refusalStatus } from "./dial.ts";
import type { Connections, Target } from "./kubelet-connection.ts";
import { channelProtocolOf } from "./sub-protocols.ts";
import { acceptWebSocket } from "./web-socket.ts";

/** Streams that the client has asked for. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface TranslationOptions {
  readonly connections: Connections;
  readonly clock: Clock;
}

export interface RemoteCommand {
  readonly target: Target;
  /** At the kubelet, with query. */
  readonly path: string;
  readonly wanted: WantedStreams;
}

/** What every kubelet and runtime speaks over SPDY: four streams and a JSON Status at the end. */
const spdyProtocol = "v4.channel.k8s.io";
const openMsMax = 30_000;
const statusBytesMax = 64 * 1024;

/** Serves exec or attach to a client that speaks WebSocket; the kubelet is spoken to in SPDY. */
export async function translateRemoteCommand(
  { connections, clock }: TranslationOptions,
  { target, path, wanted }: RemoteCommand,
  request: ApiRequest,
): Promise<ApiResponse> {
  const { takeOver } = request;
  if (takeOver === undefined) throw newBadRequest("Upgrade request required");
  const protocol = channelProtocolOf(request.headers);
  if (protocol === undefined) return { status: 403, headers: {}, body: { type: "none" } };
  const dialled = await dialSpdy(connections, target, path, [spdyProtocol], request.signal).catch((error: unknown) => {
    if (protocol.closes && error instanceof StatusError) return error;
    throw error;
  });
  if (!(dialled instanceof StatusError) && dialled.type === "refused" && !protocol.closes) return passRefusal(dialled);
  const peer = acceptWebSocket(request, takeOver(), protocol.name, clock);
  if (peer === undefined) {
    if (!(dialled instanceof StatusError) && dialled.type === "switched") dialled.socket.destroy();
    return { status: 101, headers: {}, body: { type: "taken" } };
  }
  const channels = new Channels(peer, protocol);
  void channels.greet(wanted);
  if (dialled instanceof StatusError) channels.finish(dialled.status);
  else if (dialled.type === "refused") channels.finish(refusalStatus(dialled).status);
  else void translate(channels, new SpdyConnection({ socket: dialled.socket, clock }), wanted, clock);
  return { status: 101, headers: {}, body: { type: "taken" } };
}

/** Runs until the command has ended and its output is with the client, or one side is gone. */
async function translate(
  channels: Channels,
  remote: SpdyConnection,
  wanted: WantedStreams,
  clock: Clock,
): Promise<void> {
  void channels.closed.then(() => remote.close());
  try {
    const output = new RemoteOutput(channels, wanted);
    const { stdin, resize } = await withTimeout(clock, openMsMax, () => openStreams(remote, output, wanted));
    channels.start({ stdin, resize });
    await output.ended;
    channels.finish(output.status());
  } catch (error) {
    channels.finish(newInternalError(messageOf(error)).status);
  } finally {
    remote.close();
  }
}

interface InputStreams {
  readonly stdin: SpdyStream | undefined;
  readonly resize: SpdyStream | undefined;
}

const nothing: SpdyReceiver = { data: () => {}, end: () => {} };

async function openStreams(remote: SpdyConnection, output: RemoteOutput, wanted: WantedStreams): Promise<InputStreams> {
  const open = (streamType: string, receiver: SpdyReceiver): Promise<SpdyStream> =>
    remote.open({ streamType }, receiver);
  const [, stdin, , , resize] = await Promise.all([
    open("error", output.errors),
    wanted.stdin ? open("stdin", nothing) : undefined,
    wanted.stdout ? open("stdout", output.stdout) : undefined,
    wanted.stderr && !wanted.tty ? open("stderr", output.stderr) : undefined,
    wanted.tty ? open("resize", nothing) : undefined,
  ]);
  return { stdin, resize };
}

/** Gathers what the kubelet sends: output goes on to the client, the status is kept for the end. */
class RemoteOutput {
  readonly errors: SpdyReceiver;
  readonly stdout: SpdyReceiver;
  readonly stderr: SpdyReceiver;
  readonly #chunks: Uint8Array[] = [];
  #size = 0;
  #failure: Error | undefined;
  /** Resolves when nothing more will come. */
  readonly ended: Promise<void>;

  constructor(channels: Channels, wanted: WantedStreams) {
    let open = 1 + (wanted.stdout ? 1 : 0) + (wanted.stderr && !wanted.tty ? 1 : 0);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    const end = (failure: Error | undefined): void => {
      this.#failure ??= failure;
      open--;
      if (open === 0) resolve();
    };
    this.errors = { data: (bytes) => this.#keep(bytes), end };
    this.stdout = { data: (bytes) => channels.write("stdout", bytes), end };
    this.stderr = { data: (bytes) => channels.write("stderr", bytes), end };
  }

  /** How the command ended, in the kubelet's words where there are any. */
  status(): Status {
    const text = Buffer.concat(this.#chunks).toString();
    if (text === "") return this.#failure === undefined ? success : newInternalError(this.#failure.message).status;
    try {
      return JSON.parse(text) as Status;
    } catch {
      return newInternalError(`error stream protocol error: ${JSON.stringify(text)}`).status;
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size > statusBytesMax) throw new Error(`the status is larger than ${statusBytesMax} bytes`);
    // A copy, so that the chunk it came in can go.
    this.#chunks.push(Buffer.from(bytes));
  }
}

const success: Status = { metadata: {}, status: "Success" } as Status;
