import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { type CommandContext, createRealPlatform, type Platform, until } from "../base/index.ts";
import { apiserver } from "../bootstrap/index.ts";
import { type ClosableClient, createHttpClient, type KubeconfigUser } from "../client/index.ts";
import { startEtcd, unusedPort } from "./etcd.ts";

export const platform = createRealPlatform();

/** What a command runs with; `said` is what it wrote to stderr since it was asked last. */
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

/** One etcd for a test, and a folder beside it with a signing key and a file of tokens. */
export interface ServerStore {
  readonly url: string;
  readonly directory: string;
  stop(): Promise<void>;
}

export async function startServerStore(): Promise<ServerStore> {
  const { disk, random } = platform;
  const directory = join(tmpdir(), `k8ts-apiserver-${Buffer.from(random.bytes(6)).toString("hex")}`);
  await disk.makeDirectory(directory, { mode: 0o700 });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await disk.write(join(directory, "sa.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  await disk.write(join(directory, "tokens.csv"), 'secret,admin,1,"system:masters"\nann-token,ann,2,"team"\n');
  const servers = await startEtcd();
  return {
    url: servers.map(({ endpoint }) => endpoint).join(","),
    directory,
    async stop() {
      await Promise.all(servers.map((server) => server.remove()));
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

export async function startApiserver(
  store: ServerStore,
  flags: readonly string[],
  overrides: Partial<Platform> = {},
): Promise<RunningServer> {
  const port = await unusedPort();
  const stopping = new AbortController();
  const { context } = contextOf(stopping.signal, overrides);
  const running = apiserver([...flagsOf(store, port), ...flags], context);
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

function flagsOf({ url, directory }: ServerStore, port: number): string[] {
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
  const asked = () => client.raw({ method: "GET", path: "/readyz" }).catch(() => undefined);
  await until(platform.clock, "the server becomes ready", async () => (await asked())?.status === 200, 120_000);
}
