import { spawn, spawnSync } from "node:child_process";

export interface Load {
  readonly url: string;
  readonly token: string;
  readonly path: string;
  readonly seconds: number;
  readonly script?: string;
  /** Arguments for the script. */
  readonly args?: readonly string[];
}

export interface LoadResult {
  readonly perSecond: number;
  /** How many in all. */
  readonly answers: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

/** wrk comes with Debian. */
export function ensureWrk(): void {
  if (spawnSync("wrk", ["-v"]).error === undefined) return;
  process.stdout.write("installing wrk by apt-get\n");
  const installed = spawnSync("apt-get", ["install", "--yes", "--no-install-recommends", "wrk"], { stdio: "inherit" });
  if (installed.status !== 0) throw new Error("wrk is not there and could not be installed: install the package wrk");
}

const threads = 2;

/** 32 connections over TLS. A script that prints "enough" once per thread ends it before its time. */
export async function wrk({ url, token, path, seconds, script, args = [] }: Load): Promise<LoadResult> {
  const child = spawn(
    "wrk",
    [
      `--threads=${threads}`,
      "--connections=32",
      `--duration=${seconds}s`,
      "--timeout=30s",
      "--latency",
      "--header",
      `Authorization: Bearer ${token}`,
      ...(script === undefined ? [] : ["--script", script]),
      `${url}${path}`,
      ...(args.length === 0 ? [] : ["--", ...args]),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.split("enough\n").length > threads) child.kill("SIGINT");
  }
  const figure = (pattern: RegExp): string => pattern.exec(output)?.[1] ?? "";
  return {
    perSecond: Number(figure(/Requests\/sec:\s+([0-9.]+)/)),
    answers: Number(figure(/([0-9]+) requests in /)),
    p50Ms: milliseconds(figure(/^\s+50%\s+(\S+)/m)),
    p99Ms: milliseconds(figure(/^\s+99%\s+(\S+)/m)),
    failed: Number(figure(/Non-2xx or 3xx responses: ([0-9]+)/)),
  };
}

function milliseconds(text: string): number {
  const value = Number.parseFloat(text);
  if (text.endsWith("us")) return value / 1000;
  if (text.endsWith("ms")) return value;
  return text.endsWith("m") ? value * 60_000 : value * 1000;
}
