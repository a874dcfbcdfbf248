import { join } from "node:path";
import { tmpdir } from "node:os";
import { createRealPlatform, type RunningProcess } from "../base/index.ts";

const platform = createRealPlatform();
const { clock, disk, network, processes, random } = platform;

/** One member of a cluster of Debian's etcd, on loopback. */
export interface EtcdServer {
  readonly endpoint: string;
  /** Kills the process as a crash would. */
  kill(): Promise<void>;
  start(): void;
  /** Ends the process and removes its data. */
  remove(): Promise<void>;
}

export interface EtcdOptions {
  /** Default 1. */
  readonly members?: number;
  /** Added to the command line of each. */
  readonly flags?: readonly string[];
  /** What clients use; default `http`. */
  readonly scheme?: "http" | "https";
}

/** Linux as root has what the launcher installs: there a missing etcd is a failure. */
export const skipEtcd: string | false =
  process.platform === "linux" && process.getuid?.() === 0 ? false : "needs etcd, on Linux as root";

/** Below the range that systems give to connections and to whoever asks for port 0. */
const firstPort = 20_000;
const portCount = 12_000;
const attemptsMax = 100;
const startMsMax = 120_000;

/** A port of loopback where nobody listens. Somebody may still come first: whoever listens tries again then. */
export async function unusedPort(): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = firstPort + Math.floor(random.next() * portCount);
    try {
      const listener = await network.listen({ host: "127.0.0.1", port }, (stream) => stream.destroy());
      await listener.close();
      return port;
    } catch (error) {
      if (attempt === attemptsMax) throw error;
    }
  }
}

/** Starts a cluster and waits until each member serves. */
export async function startEtcd({ members = 1, flags = [], scheme = "http" }: EtcdOptions = {}): Promise<EtcdServer[]> {
  for (let attempt = 1; ; attempt++) {
    const servers = await spawnCluster(members, flags, scheme);
    const failures = await failuresOf(servers);
    if (failures.length === 0) return servers;
    await Promise.all(servers.map((server) => server.remove()));
    // Somebody else took a port in between.
    if (attempt === 5 || !failures.some((said) => said.includes("address already in use"))) {
      throw new Error(`etcd did not start: ${failures.join("\n")}`);
    }
  }
}

interface StartingServer extends EtcdServer {
  /** Resolves with nothing once it serves, or with its log when it ended or the signal came first. */
  serves(signal: AbortSignal): Promise<string>;
}

/** What each member that does not serve has said. Nobody serves without the others: the first failure ends the wait. */
async function failuresOf(servers: readonly StartingServer[]): Promise<string[]> {
  const failed = new AbortController();
  const said = servers.map(async (server) => {
    const failure = await server.serves(failed.signal);
    if (failure !== "") failed.abort();
    return failure;
  });
  return (await Promise.all(said)).filter((failure) => failure !== "");
}

async function spawnCluster(members: number, flags: readonly string[], scheme: string): Promise<StartingServer[]> {
  const specs = [];
  for (let index = 0; index < members; index++) {
    const [clientPort, peerPort] = [await unusedPort(), await unusedPort()];
    specs.push({
      name: `m${index}`,
      clientUrl: `${scheme}://127.0.0.1:${clientPort}`,
      peerUrl: `http://127.0.0.1:${peerPort}`,
    });
  }
  const cluster = specs.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
  return Promise.all(
    specs.map(({ name, clientUrl, peerUrl }) =>
      spawnServer(clientUrl, [
        ...["--name", name, "--initial-cluster", cluster],
        ...["--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl],
        ...["--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl],
        ...flags,
      ]),
    ),
  );
}

async function spawnServer(endpoint: string, args: readonly string[]): Promise<StartingServer> {
  const directory = join(tmpdir(), `k8ts-etcd-${Buffer.from(random.bytes(6)).toString("hex")}`);
  await disk.makeDirectory(directory, { mode: 0o700 });
  const log = join(directory, "log");
  let running: RunningProcess | undefined;
  const server: StartingServer = {
    endpoint,
    start() {
      running = processes.spawn("etcd", ["--data-dir", join(directory, "data"), ...args], {
        stdoutFile: log,
        stderrFile: log,
      });
    },
    async serves(signal) {
      let ended = false;
      running?.exited.then(
        () => (ended = true),
        () => (ended = true),
      );
      const deadlineMs = clock.monotonic() + startMsMax;
      for (;;) {
        const last = ended || signal.aborted || clock.monotonic() > deadlineMs;
        const said = (await disk.status(log)) === undefined ? "" : await disk.readText(log);
        if (said.includes("ready to serve client requests")) return "";
        if (last) return said === "" ? "it could not be started" : said;
        await clock.sleep(20);
      }
    },
    async kill() {
      running?.kill("SIGKILL");
      await running?.exited.catch(() => undefined);
      running = undefined;
    },
    async remove() {
      await server.kill();
      await disk.remove(directory);
    },
  };
  server.start();
  return server;
}

/** Repeats until it works, for at most so long. */
export async function eventually<T>(attempt: () => Promise<T>, timeoutMs = 60_000): Promise<T> {
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
