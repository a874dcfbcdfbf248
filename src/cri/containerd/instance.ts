import { type Clock, type Disk, isAbort, type Log, messageOf, type Processes } from "../../base/index.ts";
import { connectRuntime } from "../connect.ts";
import type { ContainerRuntime } from "../services.ts";
import { type ContainerdFacts, containerdConfig } from "./config.ts";
import { type ContainerdPaths, containerdPaths } from "./paths.ts";
import { probeContainerd } from "./probe.ts";
import { describeProcess, findRecorded, type ProcessRecord, saveRecord } from "./process-record.ts";

export interface ContainerdPlatform {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly processes: Processes;
  readonly log: Log;
}

export interface ContainerdOptions {
  /** Everything of this instance lives below it. */
  readonly directory: string;
  readonly sandboxImage: string;
  readonly cniConfigDirectory: string;
  /** Default /usr/lib/cni, Debian's place for the reference plug-ins. */
  readonly cniBinDirectory?: string;
  /** OCI runtimes, preferred first. Default runc, crun. */
  readonly runtimes?: readonly string[];
  /** A command prefix that enters the node's namespaces, for example `["nsenter", "--net=…"]`. */
  readonly enter?: readonly string[];
}

/** The registry host in the names of images that this project builds. */
const OWN_IMAGES_HOST = "k8ts.local";
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 10_000;
const POLL_MS = 20;
const WATCH_MS = 250;
const RESTART_PAUSE_MS_MIN = 100;
const RESTART_PAUSE_MS_MAX = 30_000;
const LOG_BYTES_MAX = 16 * 1024 * 1024;

/**
 * One containerd of our own. It runs detached, in its own session, so it outlives this process; containers outlive
 * containerd. All methods are safe to repeat.
 */
export class Containerd {
  readonly paths: ContainerdPaths;
  readonly #platform: ContainerdPlatform;
  readonly #options: ContainerdOptions;
  #facts: ContainerdFacts | undefined;

  constructor(platform: ContainerdPlatform, options: ContainerdOptions) {
    this.#platform = platform;
    this.#options = options;
    this.paths = containerdPaths(options.directory);
  }

  get endpoint(): string {
    return `unix://${this.paths.socket}`;
  }

  /** What the machine offers; found out once. */
  async facts(): Promise<ContainerdFacts> {
    const { disk, processes } = this.#platform;
    const runtimes = this.#options.runtimes ?? ["runc", "crun"];
    this.#facts ??= await probeContainerd({ disk, processes, directory: this.paths.directory, runtimes });
    return this.#facts;
  }

  connect(): Promise<ContainerRuntime> {
    return connectRuntime({ endpoint: this.endpoint, clock: this.#platform.clock });
  }

  /** The running process, whoever started it. */
  running(): Promise<ProcessRecord | undefined> {
    return findRecorded(this.#platform.disk, this.paths.pidFile);
  }

  /**
   * Starts containerd, or adopts the one that runs, and waits until it serves CRI. A running instance keeps its
   * configuration until it is stopped. Rejects with the end of its log when it fails.
   */
  async start(signal?: AbortSignal): Promise<ProcessRecord> {
    const adopted = await this.running();
    // One that is found may be about to end, for example because it was just killed.
    if (adopted !== undefined && (await this.#waitUntilServing(adopted, signal))) return adopted;
    const started = await this.#spawn();
    if (await this.#waitUntilServing(started, signal)) return started;
    throw await this.#failure("containerd ended while starting");
  }

  /**
   * Sends pulls from a registry host to another place only, for example `http://127.0.0.1:5000` or a mirror. Takes
   * effect with the next pull.
   */
  async setRegistry(host: string, url: string): Promise<void> {
    const { disk } = this.#platform;
    const directory = `${this.paths.registryDirectory}/${host}`;
    await disk.makeDirectory(directory);
    const quoted = JSON.stringify(url);
    await disk.write(
      `${directory}/hosts.toml`,
      `server = ${quoted}\n\n[host.${quoted}]\ncapabilities = ["pull", "resolve"]\n`,
    );
  }

  /** Stops containerd only. Containers and their shims go on. */
  async stop(): Promise<void> {
    const { clock, disk, processes, log } = this.#platform;
    const found = await this.running();
    if (found !== undefined) {
      processes.kill(found.pid, "SIGTERM");
      const deadline = clock.monotonic() + STOP_TIMEOUT_MS;
      while ((await this.running()) !== undefined) {
        if (clock.monotonic() > deadline) {
          log.warn("containerd did not stop in time and is killed", { pid: found.pid });
          processes.kill(found.pid, "SIGKILL");
        }
        await clock.sleep(POLL_MS);
      }
    }
    await disk.remove(this.paths.pidFile);
    await disk.remove(this.paths.socket);
    await disk.remove(`${this.paths.socket}.ttrpc`);
  }

  /** Restarts containerd whenever it ends, with a growing pause, until the signal aborts. Does not stop it then. */
  async keepRunning(signal: AbortSignal): Promise<void> {
    const { clock, log, processes } = this.#platform;
    let pauseMs = RESTART_PAUSE_MS_MIN;
    while (!signal.aborted) {
      try {
        const { pid } = await this.start(signal);
        const startedMs = clock.monotonic();
        while (processes.alive(pid)) await clock.sleep(WATCH_MS, signal);
        if (clock.monotonic() - startedMs > RESTART_PAUSE_MS_MAX) pauseMs = RESTART_PAUSE_MS_MIN;
        log.warn("containerd ended and is started again", { pid });
      } catch (error) {
        if (signal.aborted) return;
        log.error("containerd cannot be started", { error: messageOf(error), pauseMs });
      }
      await clock.sleep(pauseMs, signal).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, RESTART_PAUSE_MS_MAX);
    }
  }

  async #spawn(): Promise<ProcessRecord> {
    const { disk, processes, log } = this.#platform;
    const { paths } = this;
    for (const directory of [paths.root, paths.state]) await disk.makeDirectory(directory, { mode: 0o711 });
    for (const directory of [paths.registryDirectory, this.#options.cniConfigDirectory]) {
      await disk.makeDirectory(directory);
    }
    await this.#keepOwnImagesLocal();
    const facts = await this.facts();
    const settings = { cniBinDirectory: "/usr/lib/cni", ...this.#options, paths };
    await disk.write(paths.configFile, containerdConfig(settings, facts), { mode: 0o600 });
    const oldLog = await disk.status(paths.logFile);
    if (oldLog !== undefined && oldLog.size > LOG_BYTES_MAX) await disk.rename(paths.logFile, `${paths.logFile}.1`);
    const [command = "containerd", ...args] = [
      ...(this.#options.enter ?? []),
      "containerd",
      "--config",
      paths.configFile,
    ];
    const child = processes.spawn(command, args, {
      detached: true,
      stdoutFile: paths.logFile,
      stderrFile: paths.logFile,
      env: { NOTIFY_SOCKET: undefined, GOTRACEBACK: "none" },
    });
    const record = await describeProcess(disk, child.pid);
    if (record === undefined) throw await this.#failure("containerd ended at once");
    await saveRecord(disk, paths.pidFile, record);
    log.info("containerd started", { pid: record.pid, directory: paths.directory });
    return record;
  }

  /** Images of our own are imported, never pulled: asking for one that is missing must fail here and at once. */
  #keepOwnImagesLocal(): Promise<void> {
    return this.setRegistry(OWN_IMAGES_HOST, "http://127.0.0.1:1");
  }

  /** False when the process ended instead. */
  async #waitUntilServing(record: ProcessRecord, signal?: AbortSignal): Promise<boolean> {
    const { clock } = this.#platform;
    const deadline = clock.monotonic() + START_TIMEOUT_MS;
    const connection = await this.connect();
    try {
      for (;;) {
        const problem = await attempt(connection, signal);
        const isRunning = (await this.running())?.pid === record.pid;
        if (problem === undefined || !isRunning) return isRunning;
        if (clock.monotonic() > deadline) throw await this.#failure(`containerd does not serve: ${problem}`);
        await clock.sleep(POLL_MS, signal);
      }
    } finally {
      connection.close();
    }
  }

  async #failure(message: string): Promise<Error> {
    const { disk } = this.#platform;
    const log = await disk.readText(this.paths.logFile).catch(() => "");
    const said = log.trimEnd().split("\n").slice(-5).join("\n");
    return new Error(`${message}; the end of ${this.paths.logFile}:\n${said}`);
  }
}

/** `undefined` when the runtime answers, otherwise what is wrong. */
async function attempt({ runtime }: ContainerRuntime, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const { status } = await runtime.status({}, { timeoutMs: 2_000, signal });
    const ready = status?.conditions.find((condition) => condition.type === "RuntimeReady");
    return ready?.status === true ? undefined : `RuntimeReady is false: ${ready?.message ?? "no condition"}`;
  } catch (error) {
    if (isAbort(error, signal) || signal?.aborted) throw error;
    return messageOf(error);
  }
}
