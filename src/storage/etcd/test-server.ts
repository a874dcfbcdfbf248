import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RealClock, RealNetwork, RealProcesses, type RunningProcess } from "../../base/index.ts";

export interface EtcdServer {
  readonly endpoint: string;
  /** Kills the process as a crash would. */
  kill(): Promise<void>;
  start(): void;
  /** Ends the process and removes its data. */
  remove(): Promise<void>;
}

interface ServerOptions {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly cluster: string;
  readonly flags: readonly string[];
}

const clock = new RealClock();
const processes = new RealProcesses();
const network = new RealNetwork();

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const listener = await network.listen({ host: "127.0.0.1", port: 0 }, (stream) => stream.destroy());
  const { address } = listener;
  await listener.close();
  return "port" in address ? address.port : 0;
}

/** Whether `etcd` is installed (Debian: etcd-server). */
export async function etcdInstalled(): Promise<boolean> {
  try {
    return (await processes.run("etcd", ["--version"])).code === 0;
  } catch {
    return false;
  }
}

/** The `skip` of tests with etcd. Linux as root has what the launcher installs: there a missing etcd is a failure. */
export async function skipEtcd(): Promise<string | false> {
  const expected = process.platform === "linux" && process.getuid?.() === 0;
  return expected || (await etcdInstalled()) ? false : "etcd is not installed";
}

/** A cluster of so many members on loopback, for tests and benchmarks. */
export async function startEtcd(
  members: number,
  flags: readonly string[] = [],
  scheme = "http",
): Promise<EtcdServer[]> {
  const specs = [];
  for (let index = 0; index < members; index++) {
    const [client, peer] = [await freePort(), await freePort()];
    specs.push({
      name: `m${index}`,
      clientUrl: `${scheme}://127.0.0.1:${client}`,
      peerUrl: `http://127.0.0.1:${peer}`,
    });
  }
  const cluster = specs.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
  const servers = [];
  for (const spec of specs) servers.push(await startServer({ ...spec, cluster, flags }));
  return servers;
}

async function startServer(options: ServerOptions): Promise<EtcdServer> {
  const directory = await mkdtemp(join(tmpdir(), "k8ts-etcd-"));
  let running: RunningProcess | undefined;
  const server: EtcdServer = {
    endpoint: options.clientUrl,
    start: () => {
      running = processes.spawn("etcd", argumentsOf(options, join(directory, "data")), {
        stdoutFile: join(directory, "log"),
        stderrFile: join(directory, "log"),
      });
    },
    kill: async () => {
      running?.kill("SIGKILL");
      await running?.exited;
      running = undefined;
    },
    remove: async () => {
      await server.kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
  server.start();
  return server;
}

function argumentsOf({ name, clientUrl, peerUrl, cluster, flags }: ServerOptions, dataDirectory: string): string[] {
  return [
    ...["--name", name, "--data-dir", dataDirectory],
    ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
    ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
    ...["--initial-cluster", cluster, "--heartbeat-interval", "50", "--election-timeout", "500"],
    ...flags,
  ];
}

/** Repeats until it works, for at most so long. */
export async function eventually<T>(attempt: () => Promise<T>, timeoutMs = 15_000): Promise<T> {
  const deadlineMs = clock.monotonic() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (clock.monotonic() > deadlineMs) throw error;
      await clock.sleep(50);
    }
  }
}
