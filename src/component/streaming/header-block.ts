import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";
import { headerDictionary } from "./dictionary.ts";
import { SpdyError } from "./frames.ts";

export type SpdyHeaders = Readonly<Record<string, string>>;

/** Bytes of one header block, plain. More is refused, so that a small block cannot become a large one. */
export const headerBytesMax = 64 * 1024;

const options = { dictionary: headerDictionary, flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };

/**
 * Header blocks of one direction of a connection: they share one compression context, so they must be coded one after
 * the other, in the order in which they are on the wire.
 */
export class HeaderEncoder {
  readonly #deflate: Deflate = quiet(createDeflate(options));

  encode(headers: SpdyHeaders): Promise<Buffer> {
    return pass(this.#deflate, packHeaders(headers));
  }

  close(): void {
    this.#deflate.destroy();
  }
}

export class HeaderDecoder {
  readonly #inflate: Inflate = quiet(createInflate(options));

  /** Rejects with a `SpdyError` when the block is no valid one. */
  async decode(block: Uint8Array): Promise<SpdyHeaders> {
    return unpackHeaders(await pass(this.#inflate, block));
  }

  close(): void {
    this.#inflate.destroy();
  }
}

/** Failures are told to who codes; one that comes later must not end the process. */
function quiet<T extends Deflate | Inflate>(coder: T): T {
  coder.on("error", () => {});
  return coder;
}

/** Resolves with what the coder makes of these bytes; its state goes on. */
function pass(coder: Deflate | Inflate, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (error: Error | undefined): void => {
      coder.off("data", onData);
      coder.off("error", onError);
      coder.off("close", onClose);
      if (error === undefined) resolve(Buffer.concat(chunks));
      else reject(error);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= headerBytesMax) chunks.push(chunk);
      else coder.destroy(new Error(`a header block is larger than ${headerBytesMax} bytes`));
    };
    const onError = (error: Error): void => settle(new SpdyError(error.message));
    const onClose = (): void => settle(new SpdyError("the connection was closed"));
    coder.on("data", onData);
    coder.on("error", onError);
    coder.once("close", onClose);
    coder.write(bytes, (error) => {
      if (error !== null && error !== undefined) return settle(new SpdyError(error.message));
      while (coder.read() !== null) {
        // Each read hands its bytes to the listener.
      }
      settle(undefined);
    });
  });
}

/** Names go in lower case. */
export function packHeaders(headers: SpdyHeaders): Buffer {
  const entries = Object.entries(headers);
  const parts: Buffer[] = [lengthOf(entries.length)];
  for (const [name, value] of entries) {
    for (const text of [name.toLowerCase(), value]) {
      const bytes = Buffer.from(text);
      parts.push(lengthOf(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

export function unpackHeaders(bytes: Buffer): SpdyHeaders {
  const headers: Record<string, string> = Object.create(null) as Record<string, string>;
  let at = 0;
  const number = (): number => {
    if (at + 4 > bytes.length) throw new SpdyError("a header block is cut short");
    at += 4;
    return bytes.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > bytes.length) throw new SpdyError("a header block is cut short");
    at += length;
    return bytes.toString("utf8", at - length, at);
  };
  for (let left = number(); left > 0; left--) {
    const name = text();
    headers[name] = text();
  }
  return headers;
}

function lengthOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
