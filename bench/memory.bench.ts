// What many pods cost: the server's memory with all of them, and what a full list takes on top while it is sent.
// `--pods=N` (default 150000).
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BenchServer, startBenchServer } from "./api/bench-server.ts";
import { ensureWrk, wrk } from "./api/wrk.ts";
import { printFigure } from "./figures.ts";

const { values } = parseArgs({ options: { pods: { type: "string", default: "150000" } } });
const createSecondsMax = 600;
const megabyte = 1_000_000;

ensureWrk();
const server = await startBenchServer("sqlite");
try {
  await measure(server);
} finally {
  await server.stop();
}

async function measure(of: BenchServer): Promise<void> {
  const { url, token, status } = of;
  const script = join(import.meta.dirname, "api/create-pods.lua");
  const created = await wrk({ url, token, path: "/", seconds: createSecondsMax, script, args: ["a", values.pods] });
  printFigure(`create ${values.pods} pods`, `${created.perSecond.toFixed(0)}/s`);
  const { rssBytes, peakBytes } = await status();
  printFigure("memory with all of them", `${(rssBytes / megabyte).toFixed(0)} MB`, "≤ 2,500 MB");
  printFigure("memory, peak while they were created", `${(peakBytes / megabyte).toFixed(0)} MB`);
  await measureList(of, "?resourceVersion=0", "from the cache");
  await measureList(of, "", "consistent");
}

/** One client that reads as fast as it can. */
async function measureList({ url, token, pid, status }: BenchServer, query: string, what: string): Promise<void> {
  forgetPeak(pid);
  const before = (await status()).peakBytes;
  const start = performance.now();
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  const response = await fetch(`${url}/api/v1/pods${query}`, { headers: { authorization: `Bearer ${token}` } });
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += (chunk as Uint8Array).length;
  const seconds = (performance.now() - start) / 1000;
  const extra = (await status()).peakBytes - before;
  printFigure(`full list, ${what}: ${(bytes / megabyte).toFixed(0)} MB`, `${seconds.toFixed(2)} s`);
  printFigure("    extra memory while it was sent", `${(extra / megabyte).toFixed(0)} MB`, "≤ 50 MB");
}

/** From now on the kernel counts the peak of the resident memory anew. */
function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
