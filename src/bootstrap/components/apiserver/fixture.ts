import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type CommandContext, createRealPlatform, type Platform } from "../../../base/index.ts";
import { type ClosableClient, createHttpClient, type KubeconfigUser } from "../../../client/index.ts";
import { apiserver } from "./apiserver.ts";

export const platform = createRealPlatform();

/** Linux as root has what the launcher installs: there a missing etcd is a failure. */
export const skipEtcd =
  process.platform === "linux" && process.getuid?.() === 0 ? false : "needs etcd, on Linux as root";

export async function freePort(): Promise<number> {
  const listener = await platform.network.listen({ host: "127.0.0.1", port: 0 }, (stream) => stream.destroy());
  const { address } = listener;
  await listener.close();
  return "port" in address ? address.port : 0;
}

export function contextOf(signal: AbortSignal, overrides: Partial<Platform> = {}) {
  const stderr = new PassThrough();
  const context: CommandContext = {
    platform: { ...platform, ...overrides },
    signal,
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr,
    env: {},
    workingDirectory: "/",
  };
  return { context, said: () => String(stderr.read() ?? "") };
}

/** One etcd for a test. */
export interface Etcd {
  readonly url: string;
  readonly directory: string;
  stop(): Promise<void>;
}

export async function startEtcd(): Promise<Etcd> {
  const { disk, random } = platform;
  const directory = join(tmpdir(), `k8ts-apiserver-${Buffer.from(random.bytes(6)).toString("hex")}`);
  await disk.makeDirectory(directory, { mode: 0o700 });
  const [url, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const log = join(directory, "etcd.log");
  const etcd = platform.processes.spawn(
    "etcd",
    [
      ...["--data-dir", join(directory, "etcd"), "--listen-client-urls", url, "--advertise-client-urls", url],
      ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`],
    ],
    { stdoutFile: log, stderrFile: log },
  );
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await disk.write(join(directory, "sa.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await disk.write(join(directory, "tokens.csv"), 'secret,admin,1,"system:masters"\nann-token,ann,2,"team"\n');
  return {
    url,
    directory,
    async stop() {
      etcd.kill("SIGKILL");
      await etcd.exited;
      await disk.remove(directory);
    },
  };
}

/** The API server's command while it runs. */
export interface RunningServer {
  readonly port: number;
  readonly origin: string;
  /** A cluster administrator. */
  readonly admin: ClosableClient;
  client(user: KubeconfigUser): ClosableClient;
  /** Tells it to end and waits. */
  stop(): Promise<void>;
  /** Tells it to end. */
  end(): void;
  readonly ended: Promise<number>;
}

export async function startApiserver(etcd: Etcd, flags: readonly string[]): Promise<RunningServer> {
  const port = await freePort();
  const stopping = new AbortController();
  const { context } = contextOf(stopping.signal);
  const running = begin(context, [...flagsOf(etcd, port), ...flags]);
  const clients: ClosableClient[] = [];
  const client = (user: KubeconfigUser): ClosableClient => {
    const cluster = { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
    const made = createHttpClient({ ...platform, cluster, user });
    clients.push(made);
    return made;
  };
  const admin = client({ token: "secret" });
  // A server that fails says so at once.
  await Promise.race([ready(admin), running.then((code) => assert.fail(`the server ended with ${code}`))]);
  return {
    port,
    origin: `https://127.0.0.1:${port}`,
    admin,
    client,
    ended: running,
    end: () => stopping.abort(),
    async stop() {
      for (const each of clients) each.close();
      stopping.abort();
      await running;
    },
  };
}

/** etcd may not answer yet. */
async function begin(context: CommandContext, args: string[]): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await apiserver(args, context);
    } catch (error) {
      if (attempt >= 50 || (error as Error).name !== "StoreUnavailableError") throw error;
      await platform.clock.sleep(100);
    }
  }
}

function flagsOf({ url, directory }: Etcd, port: number): string[] {
  return [
    `--etcd-servers=${url}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${port}`,
    `--cert-dir=${directory}/serving`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-account-signing-key-file=${directory}/sa.key`,
    `--service-account-key-file=${directory}/sa.key`,
    `--token-auth-file=${directory}/tokens.csv`,
    "--logging-format=json",
  ];
}

async function ready(client: ClosableClient): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const answer = await client.raw({ method: "GET", path: "/readyz" }).catch(() => undefined);
    if (answer?.status === 200) return;
    assert.ok(attempt < 200, "the server becomes ready");
    await platform.clock.sleep(50);
  }
}
