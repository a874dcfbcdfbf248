/**
 * Child process of the crash test: `node writer.ts <file> <round>`. Writes until it is killed, and reports every
 * write on standard output before it issues it (`?`) and when it is acknowledged (`!`), as
 * `<mark> <key> <value, or - for a deletion> <revision>`.
 */
import { writeSync } from "node:fs";
import { RealClock } from "../../../base/index.ts";
import type { Store } from "../../contract.ts";
import { openSqliteStore } from "../sqlite-store.ts";

const KEYS = 64;
const PADDING = "x".repeat(1000);

function report(mark: "?" | "!", key: string, value: string, revision: number): void {
  const line = Buffer.from(`${mark} ${key} ${value} ${revision}\n`);
  for (let written = 0; written < line.length; ) written += writeOrWait(line.subarray(written));
}

/** The pipe does not block: it may take less than all, or nothing for now. */
function writeOrWait(bytes: Uint8Array): number {
  try {
    return writeSync(1, bytes);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    return 0;
  }
}

/** One write in flight per key, so that the state after a crash has only two possibilities. */
async function writeForever(store: Store, key: string, round: string): Promise<void> {
  for (let count = 0; ; count++) {
    const value = count % 7 === 6 ? "-" : `${round}.${count}`;
    report("?", key, value, 0);
    const operation =
      value === "-"
        ? ({ type: "delete", key } as const)
        : ({ type: "put", key, value: Buffer.from(value + PADDING) } as const);
    const { revision } = await store.transact([], [operation]);
    report("!", key, value, revision);
  }
}

const [path = "", round = ""] = process.argv.slice(2);
const store = await openSqliteStore({ clock: new RealClock(), path });
await Promise.all(Array.from({ length: KEYS }, (_, index) => writeForever(store, `/key/${index}`, round)));
