import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SeededRandom } from "../../base/index.ts";
import { headerDictionary } from "./dictionary.ts";
import { SpdyFrameReader } from "./frame-reader.ts";
import {
  dataHead,
  goAwayFrame,
  headersFrame,
  pingFrame,
  rstStreamFrame,
  SpdyError,
  type SpdyFrame,
  settingsFrame,
  synReplyFrame,
  synStreamFrame,
  windowUpdateFrame,
} from "./frames.ts";
import { HeaderDecoder, HeaderEncoder, packHeaders, type SpdyHeaders } from "./header-block.ts";

const framesOf = (bytes: Buffer): readonly SpdyFrame[] => [...new SpdyFrameReader().push(bytes)];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const plain = (frame: SpdyFrame): unknown => JSON.parse(JSON.stringify(frame));

function adler32(bytes: Uint8Array): string {
  let a = 1;
  let b = 0;
  for (const byte of bytes) {
    a = (a + byte) % 65_521;
    b = (b + a) % 65_521;
  }
  return (b * 65_536 + a).toString(16);
}

describe("SPDY/3.1 header blocks", () => {
  it("use the dictionary of the draft", () => {
    assert.equal(headerDictionary.length, 1423);
    assert.equal(adler32(headerDictionary), "e3c6a7c2");
  });

  it("name the dictionary in their zlib header, and only in the first block", async () => {
    const encoder = new HeaderEncoder();
    const first = await encoder.encode({ streamType: "error" });
    assert.match(hex(first), /^78bbe3c6a7c2.*0000ffff$/);
    const second = await encoder.encode({ streamType: "stdin" });
    assert.match(hex(second), /^(?!78bb).*0000ffff$/);
    assert.ok(second.length < first.length, "the second block refers to the first");
    encoder.close();
  });

  it("are names and values with their lengths, names in lower case", () => {
    assert.equal(
      hex(packHeaders({ streamType: "error" })),
      `00000001${"0000000a"}${hex(Buffer.from("streamtype"))}${"00000005"}${hex(Buffer.from("error"))}`,
    );
  });

  it("come back as they were, one after the other", async () => {
    const encoder = new HeaderEncoder();
    const decoder = new HeaderDecoder();
    const cases: readonly SpdyHeaders[] = [
      { a: "b" },
      {},
      { streamtype: "stdin", x: "é".repeat(5_000) },
      { ":host": "" },
    ];
    for (const headers of cases) {
      assert.deepEqual({ ...(await decoder.decode(await encoder.encode(headers))) }, headers);
    }
    encoder.close();
    decoder.close();
  });

  it("are refused when they are large, cut short, or no zlib at all", async () => {
    const encoder = new HeaderEncoder();
    const large = new HeaderDecoder();
    await assert.rejects(large.decode(await encoder.encode({ bomb: "0".repeat(1_000_000) })), SpdyError);
    await assert.rejects(new HeaderDecoder().decode(Buffer.from("no zlib at all")), SpdyError);
    const other = new HeaderEncoder();
    const block = await other.encode({ a: "b" });
    await assert.rejects(new HeaderDecoder().decode(block.subarray(0, 8)), /cut short/);
  });
});

describe("SPDY/3.1 frames", () => {
  it("have the bytes of the draft", () => {
    assert.equal(
      hex(synStreamFrame(1, Buffer.from("aa", "hex"))),
      "80030001" + "0000000b" + "00000001000000000000" + "aa",
    );
    assert.equal(hex(synReplyFrame(3, Buffer.alloc(0), true)), "80030002" + "01000004" + "00000003");
    assert.equal(hex(rstStreamFrame(5, 3)), "80030003" + "00000008" + "00000005" + "00000003");
    assert.equal(
      hex(settingsFrame([{ id: 7, flags: 1, value: 65_536 }])),
      "80030004" + "0000000c" + "00000001" + "0100000700010000",
    );
    assert.equal(hex(pingFrame(0xfffffffe)), "80030006" + "00000004" + "fffffffe");
    assert.equal(hex(goAwayFrame(9, 0)), "80030007" + "00000008" + "00000009" + "00000000");
    assert.equal(hex(headersFrame(1, Buffer.alloc(0))), "80030008" + "00000004" + "00000001");
    assert.equal(hex(windowUpdateFrame(1, 10)), "80030009" + "00000008" + "00000001" + "0000000a");
    assert.equal(hex(dataHead(7, 5, false)), "00000007" + "00000005");
    assert.equal(hex(dataHead(7, 0, true)), "00000007" + "01000000");
  });

  it("are read as they were written, however the bytes are cut", () => {
    const written = Buffer.concat([
      synReplyFrame(1, Buffer.from("block")),
      dataHead(1, 5, false),
      Buffer.from("hello"),
      pingFrame(2),
      windowUpdateFrame(1, 100),
      settingsFrame([{ id: 4, flags: 0, value: 100 }]),
      dataHead(1, 3, true),
      Buffer.from("end"),
      rstStreamFrame(3, 5),
      goAwayFrame(1, 0),
    ]);
    const whole = framesOf(written).map(plain);
    assert.deepEqual(
      framesOf(written).map(({ type }) => type),
      ["synReply", "data", "ping", "windowUpdate", "settings", "data", "rstStream", "goAway"],
    );
    const reader = new SpdyFrameReader();
    const joined: SpdyFrame[] = [];
    for (const byte of written) {
      for (const frame of reader.push(Buffer.of(byte))) {
        const last = joined.at(-1);
        if (frame.type === "data" && last?.type === "data") {
          joined[joined.length - 1] = { ...frame, bytes: Buffer.concat([last.bytes, frame.bytes]) };
        } else joined.push(frame);
      }
    }
    assert.deepEqual(joined.map(plain), whole);
  });

  it("are refused when they are of another version or too large", () => {
    assert.throws(() => framesOf(Buffer.from("8002000600000004" + "00000001", "hex")), /version 2/);
    assert.throws(() => framesOf(Buffer.from("8003000800ffffff", "hex")), /too large/);
    assert.throws(() => framesOf(Buffer.from("8003000300000004" + "00000001", "hex")), /cut short/);
  });

  it("of no known type are passed over; noise never hangs the reader", () => {
    assert.deepEqual(framesOf(Buffer.from("800300ff00000001" + "00", "hex")), [{ type: "unknown", number: 255 }]);
    const random = new SeededRandom(7);
    for (let round = 0; round < 300; round++) {
      const noise = Buffer.from(Array.from({ length: 64 }, () => Math.floor(random.next() * 256)));
      if (round % 2 === 0) noise.set([0x80, 3, 0, 1 + (round % 9), 0, 0, 0], 0);
      try {
        framesOf(noise);
      } catch (error) {
        assert.ok(error instanceof SpdyError, String(error));
      }
    }
  });
});
