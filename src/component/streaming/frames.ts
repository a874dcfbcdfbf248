/** The peer broke the protocol, or the connection or stream it concerns is gone. */
export class SpdyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SpdyError";
  }
}

export type SpdyFrame =
  /** A piece of a DATA frame, as it came: `fin` is set with the last piece. */
  | { readonly type: "data"; readonly streamId: number; readonly fin: boolean; readonly bytes: Uint8Array }
  | { readonly type: "synStream"; readonly streamId: number; readonly fin: boolean; readonly block: Uint8Array }
  | { readonly type: "synReply"; readonly streamId: number; readonly fin: boolean; readonly block: Uint8Array }
  | { readonly type: "rstStream"; readonly streamId: number; readonly status: number }
  | { readonly type: "settings"; readonly settings: readonly SpdySetting[] }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goAway"; readonly lastStreamId: number; readonly status: number }
  | { readonly type: "headers"; readonly streamId: number; readonly fin: boolean; readonly block: Uint8Array }
  | { readonly type: "windowUpdate"; readonly streamId: number; readonly delta: number }
  /** A control frame of a type that SPDY/3.1 does not know; those are to be ignored. */
  | { readonly type: "unknown"; readonly number: number };

export interface SpdySetting {
  readonly id: number;
  readonly flags: number;
  readonly value: number;
}

export const spdyVersion = 3;

export const frameTypes = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  headers: 8,
  windowUpdate: 9,
} as const;

/** Status codes of RST_STREAM. */
export const resetStatus = { protocolError: 1, refusedStream: 3, cancel: 5, internalError: 6 } as const;

export const finFlag = 0x01;
/** Bytes that one DATA frame can say it has. */
export const dataBytesMax = 0xff_ff_ff;

/** The head of a DATA frame; its bytes follow as they are. */
export function dataHead(streamId: number, length: number, fin: boolean): Buffer {
  const head = Buffer.allocUnsafe(8);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(((fin ? finFlag : 0) << 24) | length, 4);
  return head;
}

export function synStreamFrame(streamId: number, block: Uint8Array, fin = false): Buffer {
  // Not associated with another stream, priority 0 (the highest), no credential slot.
  return controlFrame(frameTypes.synStream, fin ? finFlag : 0, [word(streamId), Buffer.alloc(6), block]);
}

export function synReplyFrame(streamId: number, block: Uint8Array, fin = false): Buffer {
  return controlFrame(frameTypes.synReply, fin ? finFlag : 0, [word(streamId), block]);
}

export function headersFrame(streamId: number, block: Uint8Array, fin = false): Buffer {
  return controlFrame(frameTypes.headers, fin ? finFlag : 0, [word(streamId), block]);
}

export function rstStreamFrame(streamId: number, status: number): Buffer {
  return controlFrame(frameTypes.rstStream, 0, [word(streamId), word(status)]);
}

export function settingsFrame(settings: readonly SpdySetting[]): Buffer {
  const entries = settings.flatMap(({ id, flags, value }) => [word((flags * 0x1_00_00_00 + id) >>> 0), word(value)]);
  return controlFrame(frameTypes.settings, 0, [word(settings.length), ...entries]);
}

export function pingFrame(id: number): Buffer {
  return controlFrame(frameTypes.ping, 0, [word(id)]);
}

export function goAwayFrame(lastStreamId: number, status: number): Buffer {
  return controlFrame(frameTypes.goAway, 0, [word(lastStreamId), word(status)]);
}

export function windowUpdateFrame(streamId: number, delta: number): Buffer {
  return controlFrame(frameTypes.windowUpdate, 0, [word(streamId), word(delta)]);
}

function controlFrame(type: number, flags: number, parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.allocUnsafe(8);
  head.writeUInt16BE(0x80_00 | spdyVersion, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt32BE(((flags << 24) | body.length) >>> 0, 4);
  return Buffer.concat([head, body]);
}

function word(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}
