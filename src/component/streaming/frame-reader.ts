import { finFlag, frameTypes, SpdyError, type SpdyFrame, spdyVersion } from "./frames.ts";

/** Bytes of one control frame. The drafts ask for 8 KiB at least. */
export const controlBytesMax = 64 * 1024;

const headBytes = 8;
const idMask = 0x7f_ff_ff_ff;
const empty = new Uint8Array();

interface OpenData {
  readonly streamId: number;
  readonly fin: boolean;
  left: number;
}

/**
 * Takes a byte stream apart into frames. Holds at most one control frame that is not yet complete; DATA is handed on
 * in the pieces in which it comes.
 */
export class SpdyFrameReader {
  #held: Buffer = Buffer.alloc(0);
  #data: OpenData | undefined;

  /** Frames that these bytes complete. Throws a `SpdyError` at what no peer may send; the reader is then of no more use. */
  *push(chunk: Buffer): Generator<SpdyFrame> {
    let bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#held = Buffer.alloc(0);
    for (;;) {
      if (this.#data !== undefined) {
        if (bytes.length === 0) return;
        const piece = bytes.subarray(0, this.#data.left);
        bytes = bytes.subarray(piece.length);
        yield this.#piece(this.#data, piece);
        continue;
      }
      const needed = bytes.length < headBytes ? headBytes : frameBytes(bytes);
      if (bytes.length < needed) {
        // A copy, so that the chunk it came in can go.
        this.#held = Buffer.from(bytes);
        return;
      }
      if ((bytes.readUInt8(0) & 0x80) === 0) {
        const streamId = bytes.readUInt32BE(0);
        const fin = (bytes.readUInt8(4) & finFlag) !== 0;
        const left = bytes.readUIntBE(5, 3);
        bytes = bytes.subarray(headBytes);
        if (left === 0) yield { type: "data", streamId, fin, bytes: empty };
        else this.#data = { streamId, fin, left };
        continue;
      }
      yield controlFrameOf(bytes.subarray(0, needed));
      bytes = bytes.subarray(needed);
    }
  }

  #piece(data: OpenData, bytes: Buffer): SpdyFrame {
    data.left -= bytes.length;
    const last = data.left === 0;
    if (last) this.#data = undefined;
    return { type: "data", streamId: data.streamId, fin: data.fin && last, bytes };
  }
}

/** How many bytes must be there before the frame can be taken: of DATA only the head. */
function frameBytes(bytes: Buffer): number {
  if ((bytes.readUInt8(0) & 0x80) === 0) return headBytes;
  const version = bytes.readUInt16BE(0) & 0x7f_ff;
  if (version !== spdyVersion) throw new SpdyError(`SPDY version ${version} is not spoken here`);
  const length = bytes.readUIntBE(5, 3);
  if (length > controlBytesMax) throw new SpdyError(`a control frame of ${length} bytes is too large`);
  return headBytes + length;
}

function controlFrameOf(frame: Buffer): SpdyFrame {
  const type = frame.readUInt16BE(2);
  const fin = (frame.readUInt8(4) & finFlag) !== 0;
  const body = frame.subarray(headBytes);
  const word = (at: number): number => {
    if (at + 4 > body.length) throw new SpdyError(`a control frame of type ${type} is cut short`);
    return body.readUInt32BE(at);
  };
  const streamId = (): number => word(0) & idMask;
  switch (type) {
    case frameTypes.synStream:
      word(6);
      return { type: "synStream", streamId: streamId(), fin, block: body.subarray(10) };
    case frameTypes.synReply:
      return { type: "synReply", streamId: streamId(), fin, block: body.subarray(4) };
    case frameTypes.headers:
      return { type: "headers", streamId: streamId(), fin, block: body.subarray(4) };
    case frameTypes.rstStream:
      return { type: "rstStream", streamId: streamId(), status: word(4) };
    case frameTypes.settings:
      return {
        type: "settings",
        settings: Array.from({ length: Math.min(word(0), Math.floor(body.length / 8)) }, (_, at) => {
          const head = word(4 + at * 8);
          return { id: head & 0xff_ff_ff, flags: head >>> 24, value: word(8 + at * 8) };
        }),
      };
    case frameTypes.ping:
      return { type: "ping", id: word(0) };
    case frameTypes.goAway:
      return { type: "goAway", lastStreamId: streamId(), status: word(4) };
    case frameTypes.windowUpdate:
      return { type: "windowUpdate", streamId: streamId(), delta: word(4) & idMask };
    default:
      return { type: "unknown", number: type };
  }
}
