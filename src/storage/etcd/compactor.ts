import type { Clock } from "../../base/index.ts";
import type { Connection } from "./connection.ts";
import { COMPACT, TXN } from "./messages.ts";
import { toBytes } from "./ranges.ts";

/** The key by which upstream's API servers agree on who compacts; ours take part with them. */
const COMPACT_KEY = toBytes("compact_rev_key");

/**
 * At each interval, whoever is first to raise the version of the key compacts to the revision that was current one
 * interval before.
 */
export async function compactPeriodically(
  connection: Connection,
  clock: Clock,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  let version = 0;
  let revision = 0;
  while (!signal.aborted) {
    await clock.sleep(intervalMs, signal);
    try {
      const { won, seenVersion, seenRevision } = await takeTurn(connection, version, revision);
      if (won && revision > 0) await connection.call(COMPACT, { revision });
      version = seenVersion;
      revision = seenRevision;
    } catch {
      // Unreachable, or compacted further by others: the next interval tries again.
    }
  }
}

async function takeTurn(connection: Connection, version: number, revision: number) {
  const response = await connection.call(TXN, {
    compare: [{ result: 0, target: 0, key: COMPACT_KEY, version }],
    success: [{ requestPut: { key: COMPACT_KEY, value: toBytes(String(revision)), lease: "0" } }],
    failure: [{ requestRange: { key: COMPACT_KEY } }],
  });
  const seenRevision = response.header.revision;
  if (response.succeeded) return { won: true, seenVersion: version + 1, seenRevision };
  return { won: false, seenVersion: response.responses[0]?.responseRange?.kvs[0]?.version ?? 0, seenRevision };
}
