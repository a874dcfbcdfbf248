import type { Disk } from "../../base/index.ts";
import { parseLogLine } from "./parse.ts";

const newline = 0x0a;
const blockBytes = 64 * 1024;

/** Where the last `lines` lines of a file begin. A last line without newline counts. */
export async function tailOffset(disk: Disk, path: string, size: number, lines: number): Promise<number> {
  if (lines <= 0) return size;
  let found = 0;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - blockBytes);
    const block = await disk.readRange(path, start, end - start);
    for (let at = block.length - 1; at >= 0; at--) {
      if (block[at] !== newline || start + at === size - 1) continue;
      if (++found === lines) return start + at + 1;
    }
    end = start;
  }
  return 0;
}

/** The end of a container's log without time stamps, cut to the last `bytesMax` bytes. */
export async function tailLogText(disk: Disk, path: string, lines: number, bytesMax: number): Promise<string> {
  const size = (await disk.status(path))?.size ?? 0;
  const from = Math.max(await tailOffset(disk, path, size, lines), size - 1024 * 1024);
  const data = await disk.readRange(path, from, size - from);
  const parts: Buffer[] = [];
  for (let start = 0; start < data.length; ) {
    const at = data.indexOf(newline, start);
    const stop = at < 0 ? data.length : at;
    const line = parseLogLine(data.subarray(start, stop));
    if (line !== undefined) parts.push(Buffer.from(line.content), Buffer.from(line.partial ? "" : "\n"));
    start = stop + 1;
  }
  return Buffer.concat(parts).subarray(-bytesMax).toString("utf8");
}
