const newline = 0x0a;

/** Splits a byte stream into lines and yields each non-empty one as text. A line longer than `lineBytesMax` is an error. */
export async function* linesOf(
  body: AsyncIterable<Uint8Array>,
  lineBytesMax = 64 * 1024 * 1024,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = chunk.subarray(start, end);
      start = end + 1;
      const text = decoder.decode(pending.length === 0 ? line : Buffer.concat([...pending, line]));
      pending = [];
      pendingBytes = 0;
      if (text !== "") yield text;
    }
    if (start === chunk.length) continue;
    pending.push(chunk.subarray(start));
    pendingBytes += chunk.length - start;
    if (pendingBytes > lineBytesMax) throw new RangeError(`a watch event is longer than ${lineBytesMax} bytes`);
  }
  if (pendingBytes > 0) yield decoder.decode(Buffer.concat(pending));
}

/** The whole body, up to a limit. */
export async function readAll(body: AsyncIterable<Uint8Array>, bytesMax = 1024 * 1024 * 1024): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > bytesMax) throw new RangeError(`the answer is longer than ${bytesMax} bytes`);
  }
  const first = chunks[0];
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
}
