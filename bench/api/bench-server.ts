import { type ChildProcess, spawn } from "node:child_process";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { RealClock, RealRandom } from "../../src/base/index.ts";
import { CertificateAuthority, createAuthority } from "../../src/component/index.ts";

export interface ServerStatus {
  readonly port: number;
  readonly rssBytes: number;
  readonly peakBytes: number;
  /** CPU time spent so far. */
  readonly cpuUs: number;
}

export interface BenchServer {
  readonly url: string;
  readonly ca: string;
  readonly token: string;
  /** Of an administrator, whom priority and fairness lets pass: a write costs others a seat per ten watchers. */
  readonly exemptToken: string;
  readonly pid: number;
  /** From the start of the process to its first answer, ms. */
  readonly startedMs: number;
  status(): Promise<ServerStatus>;
  /** Stops the server and removes its directory. */
  stop(): Promise<void>;
}

const token = "bench-token";
const exemptToken = "exempt-token";
const dayMs = 86_400_000;

/** Starts the API server of the benchmarks in a process of its own. */
export async function startBenchServer(datastore: "sqlite" | "memory"): Promise<BenchServer> {
  const directory = mkdtempSync(join(tmpdir(), "k8ts-bench-api-"));
  const ca = writeCredentials(directory);
  const before = performance.now();
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "server.ts"), directory, datastore],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const lines = linesOf(child);
  const first = await lines();
  return {
    url: `https://127.0.0.1:${first.port}`,
    ca,
    token,
    exemptToken,
    pid: child.pid ?? 0,
    startedMs: performance.now() - before,
    status: () => {
      child.stdin?.write("\n");
      return lines();
    },
    stop: async () => {
      const exited = new Promise((resolve) => child.once("exit", resolve));
      child.stdin?.end();
      await exited;
      rmSync(directory, { recursive: true });
    },
  };
}

function linesOf(child: ChildProcess): () => Promise<ServerStatus> {
  if (child.stdout === null) throw new Error("no output");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async () => {
    const line = await lines.next();
    if (line.done === true) throw new Error("the server ended");
    return JSON.parse(line.value) as ServerStatus;
  };
}

/** Writes what the server needs to serve TLS; returns the authority's certificate. */
function writeCredentials(directory: string): string {
  const platform = { clock: new RealClock(), random: new RealRandom() };
  const keyed = createAuthority({ commonName: "bench" }, dayMs, platform);
  const authority = new CertificateAuthority(keyed.certificate, createPrivateKey(keyed.key), platform);
  const leaf = authority.issue({
    subject: { commonName: "apiserver" },
    validityMs: dayMs,
    usages: ["server auth"],
    names: { ipAddresses: ["127.0.0.1"], dnsNames: ["localhost"] },
  });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const put = (name: string, text: string): void => writeFileSync(join(directory, name), text, { mode: 0o600 });
  put("ca.crt", keyed.certificate);
  put("server.crt", leaf.certificate);
  put("server.key", leaf.key);
  put("sa.key", privateKey.export({ type: "pkcs8", format: "pem" }).toString());
  put("tokens.csv", `${token},bench,bench-uid\n${exemptToken},admin,admin-uid,system:masters\n`);
  return keyed.certificate;
}
