// What watches cost: many watchers of one resource while it is written to. `--watchers=N` (default 1000),
// `--seconds=N` (default 10), `--datastore=memory`.
import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:http2";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { type BenchServer, startBenchServer } from "./api/bench-server.ts";
import { printFigure } from "./figures.ts";

const { values } = parseArgs({
  options: {
    watchers: { type: "string", default: "1000" },
    seconds: { type: "string", default: "10" },
    datastore: { type: "string", default: "sqlite" },
  },
});
const clients = 2;
const connectionsEach = 8;
const writersAtOnce = 64;
const quietMs = 1_000;
const path = "/api/v1/namespaces/default/configmaps";

interface Counts {
  readonly events: number;
  readonly bytes: number;
  readonly opened: number;
  readonly ended: number;
}

interface WatchClient {
  readonly child: ChildProcess;
  read(): Promise<Counts>;
}

const server = await startBenchServer(values.datastore === "memory" ? "memory" : "sqlite");
const running: WatchClient[] = [];
try {
  await measure(server);
} finally {
  for (const { child } of running) child.stdin?.end();
  await server.stop();
}

async function measure({ url, token, exemptToken, status }: BenchServer): Promise<void> {
  const each = Math.ceil(Number(values.watchers) / clients);
  const ready = Array.from({ length: clients }, () => startClient(url, token, each));
  for (const one of await Promise.all(ready)) running.push(one);
  const before = (await status()).rssBytes;
  const start = performance.now();
  const deadline = start + Number(values.seconds) * 1000;
  const written = await write(url, exemptToken, deadline);
  const { delivered, ended } = await settled();
  const seconds = (performance.now() - start) / 1000;
  const { rssBytes } = await status();
  printFigure(`writes, watched by ${each * clients}`, `${(written / seconds).toFixed(0)}/s`);
  printFigure("event deliveries", `${(delivered / seconds).toFixed(0)}/s`, "≥ 200,000/s");
  printFigure("delivered of what was due", `${((100 * delivered) / (written * each * clients)).toFixed(1)} %`, "100 %");
  printFigure("watches that the server ended", `${ended}`, "0");
  printFigure("memory, growth", `${((rssBytes - before) / 1_000_000).toFixed(0)} MB`);
}

async function startClient(url: string, token: string, watchers: number): Promise<WatchClient> {
  const script = join(import.meta.dirname, "api/watchers.ts");
  const args = [url, token, `${path}?watch=true&resourceVersion=0`, String(watchers), String(connectionsEach)];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", script, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  if (child.stdout === null) throw new Error("no output");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Counts> => JSON.parse((await lines.next()).value ?? "{}") as Counts;
  await next();
  return {
    child,
    read: () => {
      child.stdin?.write("\n");
      return next();
    },
  };
}

/** Creates small objects as fast as the server takes them; returns how many. */
async function write(url: string, token: string, deadline: number): Promise<number> {
  const session = connect(url, { rejectUnauthorized: false });
  let next = 0;
  let written = 0;
  const writer = async (): Promise<void> => {
    while (performance.now() < deadline) {
      next += 1;
      if (await create(session, token, `bench-${next}`)) written += 1;
    }
  };
  await Promise.all(Array.from({ length: writersAtOnce }, writer));
  session.close();
  return written;
}

function create(session: ReturnType<typeof connect>, token: string, name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
    });
    let status = 0;
    stream.once("response", (headers) => {
      status = Number(headers[":status"]);
    });
    stream.on("error", reject);
    stream.once("end", () => resolve(status === 201));
    stream.resume();
    stream.end(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { key: "value" } }));
  });
}

/** Waits until no more events come for a while. */
async function settled(): Promise<{ readonly delivered: number; readonly ended: number }> {
  let last = -1;
  for (;;) {
    const counts = await Promise.all(running.map((client) => client.read()));
    const delivered = counts.reduce((sum, { events }) => sum + events, 0);
    if (delivered === last) return { delivered, ended: counts.reduce((sum, { ended }) => sum + ended, 0) };
    last = delivered;
    await new Promise((resolve) => setTimeout(resolve, quietMs));
  }
}
