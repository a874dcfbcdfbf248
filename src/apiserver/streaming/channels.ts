import type { Status } from "../../apimachinery/index.ts";
import type { SpdyStream } from "../../component/index.ts";
import type { ChannelProtocol } from "./sub-protocols.ts";
import type { WebSocketPeer } from "./web-socket.ts";

/** Numbers of the channels of a remote command, on the wire in front of each message. */
const channelNumbers = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
/** From v5 on: closes the channel whose number follows. */
const closeSignal = 255;
const normalClosure = 1000;

export type OutputChannel = "stdout" | "stderr" | "error";

/** Where a client's input goes; undefined what nobody has asked for, which is dropped. */
export interface InputTargets {
  readonly stdin: SpdyStream | undefined;
  readonly resize: SpdyStream | undefined;
}

/** The streams of a remote command as channels within one WebSocket. */
export class Channels {
  readonly #peer: WebSocketPeer;
  readonly #protocol: ChannelProtocol;
  #stdinClosed = false;
  #finished = false;

  constructor(peer: WebSocketPeer, protocol: ChannelProtocol) {
    this.#peer = peer;
    this.#protocol = protocol;
  }

  get closed(): Promise<void> {
    return this.#peer.closed;
  }

  /** An empty message in the lowest channel says that the connection stands: some clients wait for it. */
  greet({ stdout, stderr }: { readonly stdout: boolean; readonly stderr: boolean }): Promise<void> {
    return this.write(stdout ? "stdout" : stderr ? "stderr" : "error", new Uint8Array());
  }

  write(channel: OutputChannel, bytes: Uint8Array): Promise<void> {
    const number = channelNumbers[channel];
    if (this.#protocol.base64) return this.#peer.send(`${number}${Buffer.from(bytes).toString("base64")}`);
    const message = Buffer.allocUnsafe(bytes.length + 1);
    message[0] = number;
    message.set(bytes, 1);
    return this.#peer.send(message);
  }

  /** Starts reading what the client sends. */
  start(targets: InputTargets): void {
    if (!this.#finished) this.#peer.start((message) => this.#receive(message, targets));
  }

  /** Says how the command ended, and waits no longer for input. Only the first call counts. */
  finish(status: Status): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#peer.ignoreInput();
    const text = this.#protocol.statusJson
      ? JSON.stringify(status)
      : status.status === "Success"
        ? ""
        : (status.message ?? "");
    if (text !== "") void this.write("error", Buffer.from(text));
    this.#peer.close(normalClosure);
  }

  async #receive(message: Buffer, { stdin, resize }: InputTargets): Promise<void> {
    const first = message[0];
    if (first === undefined) return;
    const number = this.#protocol.base64 ? first - 0x30 : first;
    const rest = message.subarray(1);
    if (number === closeSignal && this.#protocol.closes) {
      if (rest[0] === channelNumbers.stdin) await this.#endInput(stdin);
      return;
    }
    const bytes = this.#protocol.base64 ? Buffer.from(rest.toString("latin1"), "base64") : rest;
    if (bytes.length === 0) return;
    // What comes after the command has ended finds no taker; the status tells.
    if (number === channelNumbers.stdin && !this.#stdinClosed) await stdin?.write(bytes).catch(() => {});
    if (number === channelNumbers.resize) await resize?.write(bytes).catch(() => {});
  }

  async #endInput(stdin: SpdyStream | undefined): Promise<void> {
    if (this.#stdinClosed) return;
    this.#stdinClosed = true;
    await stdin?.end().catch(() => {});
  }
}
