// How long it takes until something can be used: the program, a control plane inside a test, a cluster by `up`.
// `--nodes=N` nodes of the cluster (default 0, a control plane alone; nodes need root), `--rounds=N` (default 3).
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { RealProcesses, runChecked } from "../src/base/index.ts";
import { percentile, printFigure } from "./figures.ts";

const { values } = parseArgs({
  options: { nodes: { type: "string", default: "0" }, rounds: { type: "string", default: "3" } },
});
const rounds = Number(values.rounds);
const launcher = join(import.meta.dirname, "../k8ts");
const processes = new RealProcesses();
const home = await mkdtemp(join(tmpdir(), "k8ts-bench-startup-"));
const env = { HOME: home, KUBECONFIG: join(home, "kubeconfig") };
const cluster = ["--name", "bench-startup"];

try {
  await measureProgram();
  await measureTestControlPlane();
  await measureUp();
} finally {
  await rm(home, { recursive: true });
}

async function k8ts(...args: readonly string[]): Promise<string> {
  return runChecked(processes, launcher, args, { env, timeoutMs: 300_000 });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function measureProgram(): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 10; round++) times.push(await timed(() => k8ts("version")));
  printFigure("./k8ts version", `${percentile(times, 0.5).toFixed(0)} ms`);
}

/** In a new process each time, as tests are run here; a second start in the same one finds everything compiled. */
async function measureTestControlPlane(): Promise<void> {
  const testing = join(import.meta.dirname, "../src/testing/index.ts");
  const plainImports = join(import.meta.dirname, "../bin/plain-imports.ts");
  const script = `
    const loaded = performance.now();
    const { startStandardControlPlane } = await import(${JSON.stringify(testing)});
    const called = performance.now();
    const plane = await startStandardControlPlane();
    await plane.client.raw({ method: "GET", path: "/api/v1/namespaces" });
    console.log(JSON.stringify([called - loaded, performance.now() - called]));
    await plane.stop();
  `;
  const loads: number[] = [];
  const starts: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const args = [`--import=${plainImports}`, "--input-type=module", "-e", script];
    const output = await runChecked(processes, process.execPath, args);
    const [load = 0, start = 0] = JSON.parse(output) as readonly number[];
    loads.push(load);
    starts.push(start);
  }
  printFigure("control plane inside a test: loading the modules", `${percentile(loads, 0.5).toFixed(0)} ms`);
  printFigure(
    "control plane inside a test: call to first request",
    `${percentile(starts, 0.5).toFixed(0)} ms`,
    "150 ms",
  );
}

async function measureUp(): Promise<void> {
  const nodes = Number(values.nodes);
  const target = nodes === 0 ? "1.0 s" : "5 s";
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  try {
    const first = await timed(() => k8ts("up", "--nodes", String(nodes), ...cluster));
    printFigure(`up, the first time, ${nodes} nodes`, seconds(first), target);
    const again: number[] = [];
    const downs: number[] = [];
    printFigure("up, when it is up already", seconds(await timed(() => k8ts("up", ...cluster))), "1.0 s");
    for (let round = 0; round < rounds; round++) {
      downs.push(await timed(() => k8ts("down", ...cluster)));
      again.push(await timed(() => k8ts("up", ...cluster)));
    }
    printFigure("down", seconds(percentile(downs, 0.5)));
    printFigure("up, with its data", seconds(percentile(again, 0.5)), target);
    await measureIdle();
  } finally {
    await k8ts("down", "--delete", ...cluster);
  }
}

/** Memory and processor time of the cluster's own processes, as `status` lists them; not of containerd. */
async function measureIdle(): Promise<void> {
  const rows = (await k8ts("status", ...cluster)).matchAll(/^(\S+)\s+(\d+)\s+running/gm);
  const pids = [...rows].map(([, name = "", pid = ""]) => ({ name, pid: Number(pid) }));
  const before = pids.map(({ pid }) => ticksOf(pid));
  const waitSeconds = 10;
  await new Promise((resolve) => setTimeout(resolve, waitSeconds * 1000));
  let memory = 0;
  let percent = 0;
  for (const [index, { name, pid }] of pids.entries()) {
    const megabytes = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
    // A tick is a hundredth of a second on every Linux that Node.js runs on.
    const used = (ticksOf(pid) - (before[index] ?? 0)) / waitSeconds;
    printFigure(`idle: ${name}`, `${megabytes.toFixed(0)} MB`);
    memory += megabytes;
    percent += used;
  }
  printFigure("idle: memory of all", `${memory.toFixed(0)} MB`, "300 MB with one node");
  printFigure("idle: processor, of one core", `${percent.toFixed(1)} %`, "2 %");
}

function ticksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
