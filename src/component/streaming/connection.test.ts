import assert from "node:assert/strict";
import { type Duplex, duplexPair } from "node:stream";
import { describe, it } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { SpdyConnection, type SpdyReceiver } from "./connection.ts";
import { SpdyFrameReader } from "./frame-reader.ts";
import {
  dataHead,
  goAwayFrame,
  pingFrame,
  type SpdyFrame,
  SpdyError,
  synReplyFrame,
  synStreamFrame,
} from "./frames.ts";
import { HeaderDecoder, HeaderEncoder } from "./header-block.ts";

class Peer {
  readonly socket: Duplex;
  readonly frames: SpdyFrame[] = [];
  readonly encoder = new HeaderEncoder();
  readonly #reader = new SpdyFrameReader();

  constructor(socket: Duplex) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => void this.frames.push(...this.#reader.push(chunk)));
    socket.on("error", () => {});
  }

  async accept(id: number): Promise<void> {
    this.socket.write(synReplyFrame(id, await this.encoder.encode({})));
  }

  data(id: number, text: string, fin = false): void {
    this.socket.write(Buffer.concat([dataHead(id, text.length, fin), Buffer.from(text)]));
  }

  /** Headers are compressed on other threads, so no number of turns is enough for sure. */
  async received(count: number): Promise<void> {
    while (this.frames.length < count) await new Promise((resolve) => setImmediate(resolve));
  }

  types(): readonly string[] {
    return this.frames.map(({ type }) => type);
  }
}

interface Setup {
  readonly connection: SpdyConnection;
  readonly peer: Peer;
  readonly clock: VirtualClock;
}

function connected(): Setup {
  const [ours, theirs] = duplexPair();
  const clock = new VirtualClock();
  return { connection: new SpdyConnection({ socket: ours, clock }), peer: new Peer(theirs), clock };
}

class Received implements SpdyReceiver {
  readonly texts: string[] = [];
  ends: (Error | undefined)[] = [];
  hold: Promise<void> | undefined;

  data(bytes: Uint8Array): Promise<void> | void {
    this.texts.push(Buffer.from(bytes).toString());
    return this.hold;
  }

  end(failure: Error | undefined): void {
    this.ends.push(failure);
  }
}

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a SPDY/3.1 connection", () => {
  it("opens streams in order, with odd numbers and one compression context", async () => {
    const { connection, peer } = connected();
    const opened = ["error", "stdin", "stdout"].map((streamType) => connection.open({ streamType }, new Received()));
    await peer.received(3);
    const decoder = new HeaderDecoder();
    const seen: unknown[] = [];
    for (const frame of peer.frames) {
      if (frame.type === "synStream") seen.push([frame.streamId, (await decoder.decode(frame.block))["streamtype"]]);
    }
    assert.deepEqual(seen, [
      [1, "error"],
      [3, "stdin"],
      [5, "stdout"],
    ]);
    for (const id of [1, 3, 5]) await peer.accept(id);
    assert.deepEqual(
      (await Promise.all(opened)).map(({ id }) => id),
      [1, 3, 5],
    );
    connection.close();
    await connection.closed;
  });

  it("reads no further while a receiver is busy, and ends streams once", async () => {
    const { connection, peer } = connected();
    const receiver = new Received();
    const opening = connection.open({}, receiver);
    await peer.received(1);
    await peer.accept(1);
    await opening;
    const { promise, resolve } = Promise.withResolvers<void>();
    receiver.hold = promise;
    peer.data(1, "one");
    peer.data(1, "two", true);
    while (receiver.texts.length === 0) await turns(1);
    await turns();
    assert.deepEqual([receiver.texts, receiver.ends], [["one"], []]);
    resolve();
    while (receiver.ends.length === 0) await turns(1);
    assert.deepEqual([receiver.texts, receiver.ends], [["one", "two"], [undefined]]);
    peer.data(1, "late");
    peer.socket.destroy();
    await connection.closed;
    assert.deepEqual([receiver.texts.length, receiver.ends.length], [2, 1]);
  });

  it("answers pings, refuses the peer's streams, and opens none after GOAWAY", async () => {
    const { connection, peer } = connected();
    peer.socket.write(pingFrame(2));
    peer.socket.write(synStreamFrame(2, await peer.encoder.encode({ a: "b" })));
    peer.socket.write(goAwayFrame(0, 0));
    await peer.received(2);
    await turns();
    assert.deepEqual(peer.frames, [
      { type: "ping", id: 2 },
      { type: "rstStream", streamId: 2, status: 3 },
    ]);
    await assert.rejects(connection.open({}, new Received()), /going away/);
    connection.close();
    await connection.closed;
  });

  it("takes a peer that does not answer for dead", async () => {
    const { connection, peer, clock } = connected();
    const receiver = new Received();
    const opening = connection.open({}, receiver);
    await peer.received(1);
    await peer.accept(1);
    const stream = await opening;
    await clock.advance(40_000);
    await connection.closed;
    assert.match(String(receiver.ends[0]), /silent for 30000 ms/);
    assert.ok(peer.types().filter((type) => type === "ping").length >= 5);
    await assert.rejects(stream.write(Buffer.from("x")), SpdyError);
  });

  it("fails every stream when the peer breaks the protocol", async () => {
    const { connection, peer } = connected();
    const receiver = new Received();
    const opening = connection.open({}, receiver);
    await peer.received(1);
    peer.socket.write(Buffer.from("8002000600000004", "hex"));
    await assert.rejects(opening, /version 2/);
    await connection.closed;
    assert.match(String(receiver.ends[0]), /version 2/);
  });

  it("says why a stream that was just being opened failed", async () => {
    const { connection, peer } = connected();
    const opening = connection.open({}, new Received());
    peer.socket.write(Buffer.from("8002000600000004", "hex"));
    await assert.rejects(opening, /version 2/);
    await connection.closed;
  });
});
