/**
 * Changes packed into one transferable buffer, in both directions between the threads: structured cloning would copy
 * whole pools behind small buffers, and costs more per change than SQLite does.
 */
export interface FrameChange {
  readonly key: string;
  /** `undefined`: the key is deleted. A view of the frame. */
  readonly value: Uint8Array | undefined;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Wall time in milliseconds. */
  readonly deadlineMs: number | undefined;
}

/** Key bytes, value bytes (or `DELETED`), create revision, mod revision, deadline (or NaN). */
const HEADER_BYTES = 4 + 4 + 8 + 8 + 8;
const DELETED = 0xffffffff;
const UTF8_BYTES_PER_UNIT_MAX = 3;

const FIRST_BYTES_MIN = 4096;

export class FrameWriter {
  /** What the next buffer begins with: a little more than the last one took. */
  #firstBytes: number;
  #buffer: Buffer;
  #length = 0;
  #count = 0;

  constructor(firstBytes = FIRST_BYTES_MIN) {
    this.#firstBytes = firstBytes;
    this.#buffer = Buffer.alloc(0);
  }

  get count(): number {
    return this.#count;
  }

  get length(): number {
    return this.#length;
  }

  add(change: FrameChange): void {
    const { key, value } = change;
    const keyBytesMax = key.length * UTF8_BYTES_PER_UNIT_MAX;
    this.#reserve(HEADER_BYTES + keyBytesMax + (value?.length ?? 0));
    const buffer = this.#buffer;
    const start = this.#length;
    const keyBytes = buffer.write(key, start + HEADER_BYTES, "utf8");
    buffer.writeUInt32LE(keyBytes, start);
    buffer.writeUInt32LE(value?.length ?? DELETED, start + 4);
    buffer.writeDoubleLE(change.createRevision, start + 8);
    buffer.writeDoubleLE(change.modRevision, start + 16);
    buffer.writeDoubleLE(change.deadlineMs ?? Number.NaN, start + 24);
    const valueStart = start + HEADER_BYTES + keyBytes;
    if (value !== undefined) buffer.set(value, valueStart);
    this.#length = valueStart + (value?.length ?? 0);
    this.#count++;
  }

  /** The bytes so far, whose buffer may be transferred; the writer begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const frame = new Uint8Array(this.#buffer.buffer as ArrayBuffer, 0, this.#length);
    this.#firstBytes = Math.max(FIRST_BYTES_MIN, Math.ceil(this.#length * 1.25));
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
    this.#count = 0;
    return frame;
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#buffer.length) return;
    // An ArrayBuffer of its own, never a piece of Node's pool: it is going to be transferred.
    const grown = Buffer.from(new ArrayBuffer(Math.max(this.#firstBytes, 2 * this.#buffer.length, wanted)));
    grown.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = grown;
  }
}

/** Values are views of the frame and keep it alive. */
export function* readFrame(frame: Uint8Array<ArrayBuffer>): Generator<FrameChange> {
  const buffer = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  for (let offset = 0; offset < buffer.length; ) {
    const keyBytes = buffer.readUInt32LE(offset);
    const valueBytes = buffer.readUInt32LE(offset + 4);
    const deadlineMs = buffer.readDoubleLE(offset + 24);
    const valueStart = offset + HEADER_BYTES + keyBytes;
    const valueEnd = valueBytes === DELETED ? valueStart : valueStart + valueBytes;
    yield {
      key: buffer.toString("utf8", offset + HEADER_BYTES, valueStart),
      value: valueBytes === DELETED ? undefined : buffer.subarray(valueStart, valueEnd),
      createRevision: buffer.readDoubleLE(offset + 8),
      modRevision: buffer.readDoubleLE(offset + 16),
      deadlineMs: Number.isNaN(deadlineMs) ? undefined : deadlineMs,
    };
    offset = valueEnd;
  }
}
