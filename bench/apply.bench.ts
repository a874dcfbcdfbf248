// Server-side apply of whole 1.2 KB pods over TLS, 32 connections, as `kubectl apply --server-side` sends them.
// `--datastore=memory`, `--seconds=N` for each step (default 6).
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startBenchServer } from "./api/bench-server.ts";
import { ensureWrk, wrk } from "./api/wrk.ts";
import { printFigure } from "./figures.ts";

const { values } = parseArgs({
  options: { datastore: { type: "string", default: "sqlite" }, seconds: { type: "string", default: "6" } },
});
const steps = [
  ["create", "apply pods that are not there"],
  ["same", "apply the same again"],
  ["change", "apply with one label changed"],
  ["takeover", "apply what another manager owns, by force"],
] as const;

ensureWrk();
const server = await startBenchServer(values.datastore === "memory" ? "memory" : "sqlite");
try {
  const { url, token } = server;
  const script = join(import.meta.dirname, "api/apply-pods.lua");
  for (const [kind, what] of steps) {
    const result = await wrk({ url, token, path: "/", seconds: Number(values.seconds), script, args: [kind] });
    const failed = result.failed === 0 ? "" : `, ${result.failed} failed`;
    printFigure(what, `${result.perSecond.toFixed(0)}/s`, "≥ 1,500/s");
    process.stdout.write(`    p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms${failed}\n`);
  }
} finally {
  await server.stop();
}
