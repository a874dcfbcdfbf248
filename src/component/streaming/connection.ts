import type { Duplex } from "node:stream";
import { type Clock, messageOf, type Timer } from "../../base/index.ts";
import { SpdyFrameReader } from "./frame-reader.ts";
import {
  dataBytesMax,
  dataHead,
  goAwayFrame,
  pingFrame,
  resetStatus,
  rstStreamFrame,
  SpdyError,
  type SpdyFrame,
  synStreamFrame,
} from "./frames.ts";
import { HeaderDecoder, HeaderEncoder, type SpdyHeaders } from "./header-block.ts";

export interface SpdyConnectionOptions {
  /** An upgraded connection. It belongs to the SPDY connection from now on. */
  readonly socket: Duplex;
  readonly clock: Clock;
  /** How often a PING is sent. Default 5 s, as upstream. */
  readonly pingPeriodMs?: number;
  /** How long the peer may be silent although it is pinged, before it counts as dead. Default 30 s. */
  readonly silenceMsMax?: number;
}

/** What comes on a stream. While `data` has not resolved, nothing is read from the whole connection. */
export interface SpdyReceiver {
  data(bytes: Uint8Array): Promise<void> | void;
  /** The peer will send no more; with the reason when the stream or connection broke. Called once. */
  end(failure: Error | undefined): void;
}

export interface SpdyStream {
  readonly id: number;
  /** Resolves when the connection can take more. Rejects when it is gone. */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-closes: this side sends no more. */
  end(): Promise<void>;
}

interface OpenStream {
  readonly receiver: SpdyReceiver;
  readonly replied: (failure: Error | undefined) => void;
}

const pingPeriodMsDefault = 5_000;
const silenceMsMaxDefault = 30_000;
/** A peer that does not read holds a closed connection no longer than this. */
const closeMsMax = 10_000;
const streamsMax = 128;
const streamIdMax = 0x7f_ff_ff_ff;

/**
 * The client's end of a SPDY/3.1 connection as Kubernetes uses it. The peers that exist (moby/spdystream) neither keep
 * nor grant flow-control windows, so WINDOW_UPDATE is taken but not waited for: the pace is TCP's.
 */
export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #streams = new Map<number, OpenStream>();
  readonly #encoder = new HeaderEncoder();
  readonly #decoder = new HeaderDecoder();
  readonly #silenceMsMax: number;
  readonly #pingPeriodMs: number;
  #nextStreamId = 1;
  #nextPingId = 1;
  #opening: Promise<unknown> = Promise.resolve();
  #drained: Promise<void> | undefined;
  #timer: Timer | undefined;
  #heardAt: number;
  #delivering = false;
  #goingAway = false;
  #failure: Error | undefined;
  /** Resolves when the connection is gone and every stream has been told so. */
  readonly closed: Promise<void>;

  constructor({ socket, clock, pingPeriodMs, silenceMsMax }: SpdyConnectionOptions) {
    this.#socket = socket;
    this.#clock = clock;
    this.#pingPeriodMs = pingPeriodMs ?? pingPeriodMsDefault;
    this.#silenceMsMax = silenceMsMax ?? silenceMsMaxDefault;
    this.#heardAt = clock.monotonic();
    socket.on("error", () => socket.destroy());
    this.#schedulePing();
    this.closed = this.#run();
  }

  /** Opens a stream; resolves when the peer has accepted it. */
  async open(headers: SpdyHeaders, receiver: SpdyReceiver): Promise<SpdyStream> {
    let replied: Promise<void> | undefined;
    // Streams must be on the wire in the order of their numbers, and of their header blocks.
    const opened = this.#opening.then(async () => {
      const id = this.#nextStreamId;
      if (this.#goingAway || this.#failure !== undefined)
        throw this.#failure ?? new SpdyError("the peer is going away");
      if (this.#streams.size >= streamsMax || id > streamIdMax) throw new SpdyError("too many streams");
      this.#nextStreamId += 2;
      replied = new Promise((resolve, reject) => {
        const settle = (failure: Error | undefined): void => (failure === undefined ? resolve() : reject(failure));
        this.#streams.set(id, { receiver, replied: settle });
      });
      replied.catch(() => {});
      const block = await this.#encoder.encode(headers).catch((error) => {
        throw this.#failure ?? error;
      });
      await this.#write([synStreamFrame(id, block)]);
      return id;
    });
    this.#opening = opened.catch(() => {});
    const id = await opened;
    await replied;
    return { id, write: (bytes) => this.#send(id, bytes), end: () => this.#write([dataHead(id, 0, true)]) };
  }

  /** Ends the connection; what was written is still sent. */
  close(): void {
    if (this.#failure !== undefined) return;
    this.#failure = new SpdyError("the connection was closed");
    this.#timer?.cancel();
    if (!this.#socket.destroyed) this.#socket.write(goAwayFrame(0, 0));
    const cut = this.#clock.after(closeMsMax, () => void this.#socket.destroy());
    this.#socket.once("close", () => cut.cancel());
    this.#socket.end(() => this.#socket.destroy());
  }

  async #run(): Promise<void> {
    const reader = new SpdyFrameReader();
    try {
      for await (const chunk of this.#socket as AsyncIterable<Buffer>) {
        await this.#receive(reader, chunk);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#failure ??= new SpdyError("the peer closed the connection");
      this.#timer?.cancel();
      this.#socket.destroy();
      this.#encoder.close();
      this.#decoder.close();
      for (const id of [...this.#streams.keys()]) this.#ended(id, this.#failure);
    }
  }

  async #receive(reader: SpdyFrameReader, chunk: Buffer): Promise<void> {
    this.#heardAt = this.#clock.monotonic();
    try {
      for (const frame of reader.push(chunk)) await this.#handle(frame);
    } catch (error) {
      // Leaving the loop destroys the socket before the loop's end is seen; writers must find the reason by then.
      this.#fail(error);
      throw error;
    }
    this.#heardAt = this.#clock.monotonic();
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof SpdyError ? error : new SpdyError(messageOf(error));
  }

  async #handle(frame: SpdyFrame): Promise<void> {
    switch (frame.type) {
      case "data": {
        if (frame.bytes.length > 0) await this.#deliver(frame.streamId, frame.bytes);
        if (frame.fin) this.#ended(frame.streamId, undefined);
        return;
      }
      case "synReply":
      case "headers": {
        // Read even when unwanted: the blocks share one compression context.
        await this.#decoder.decode(frame.block);
        if (frame.type === "synReply") this.#streams.get(frame.streamId)?.replied(undefined);
        if (frame.fin) this.#ended(frame.streamId, undefined);
        return;
      }
      case "synStream":
        await this.#decoder.decode(frame.block);
        return this.#write([rstStreamFrame(frame.streamId, resetStatus.refusedStream)]);
      case "rstStream":
        this.#ended(frame.streamId, new SpdyError(`the peer reset the stream with status ${frame.status}`));
        return;
      case "ping":
        // Ours are odd; those come back to us.
        return frame.id % 2 === 0 ? this.#write([pingFrame(frame.id)]) : undefined;
      case "goAway":
        this.#goingAway = true;
        return;
      default:
        return;
    }
  }

  async #deliver(id: number, bytes: Uint8Array): Promise<void> {
    const stream = this.#streams.get(id);
    if (stream === undefined || this.#failure !== undefined) return;
    this.#delivering = true;
    try {
      await stream.receiver.data(bytes);
    } finally {
      this.#delivering = false;
    }
  }

  #ended(id: number, failure: Error | undefined): void {
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    this.#streams.delete(id);
    stream.replied(failure);
    stream.receiver.end(failure);
  }

  async #send(id: number, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; at += dataBytesMax) {
      const piece = bytes.subarray(at, at + dataBytesMax);
      await this.#write([dataHead(id, piece.length, false), piece]);
    }
  }

  /** Writes what belongs together in one go, then waits until the peer has taken enough of it. */
  async #write(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#socket.destroyed || this.#socket.writableEnded) throw new SpdyError("the connection was closed");
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.uncork();
    if (!this.#socket.writableNeedDrain) return;
    this.#drained ??= new Promise<void>((resolve) => {
      const settle = (): void => {
        this.#socket.off("drain", settle);
        this.#socket.off("close", settle);
        this.#drained = undefined;
        resolve();
      };
      this.#socket.on("drain", settle);
      this.#socket.on("close", settle);
    });
    await this.#drained;
  }

  #schedulePing(): void {
    this.#timer = this.#clock.after(this.#pingPeriodMs, () => {
      if (this.#failure !== undefined) return;
      // While a reader is slow nothing is read, so silence says nothing.
      if (!this.#delivering && this.#clock.monotonic() - this.#heardAt > this.#silenceMsMax) {
        this.#failure = new SpdyError(`the peer has been silent for ${this.#silenceMsMax} ms`);
        this.#socket.destroy();
        return;
      }
      // A peer that does not even take what was sent before needs no more.
      if (!this.#socket.writableNeedDrain) {
        this.#socket.write(pingFrame(this.#nextPingId));
        this.#nextPingId = (this.#nextPingId + 2) & 0x7f_ff_ff_ff;
      }
      this.#schedulePing();
    });
  }
}
