import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRealPlatform, type Finished } from "../../src/base/index.ts";
import { type ClusterConfig, clusterId, networkId } from "../../src/bootstrap/index.ts";

const { clock, processes } = createRealPlatform();
const launcher = fileURLToPath(new URL("../../k8ts", import.meta.url));

/** A cluster of its own for one test file: its own name, data directory and user's home. */
export class TestCluster {
  readonly name: string;
  readonly directory: string;
  readonly home: string;

  constructor(name: string) {
    this.name = `${name}-${process.pid}`;
    this.home = mkdtempSync(join(tmpdir(), `k8ts-${name}-`));
    this.directory = join(this.home, "data");
  }

  get env(): Readonly<Record<string, string | undefined>> {
    return { HOME: this.home, KUBECONFIG: join(this.directory, "kubeconfig") };
  }

  /** Runs `./k8ts`. */
  k8ts(...args: string[]): Promise<Finished> {
    return processes.run(launcher, args, { env: { HOME: this.home, KUBECONFIG: undefined }, timeoutMs: 400_000 });
  }

  async up(...flags: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.k8ts("up", "--name", this.name, "--data-dir", this.directory, ...flags);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  async down(...flags: string[]): Promise<void> {
    const { code, stderr } = await this.k8ts("down", "--name", this.name, ...flags);
    assert.equal(code, 0, stderr);
  }

  /** Removes whatever is left, also after a failed test. */
  async destroy(): Promise<void> {
    await this.k8ts("down", "--delete", "--name", this.name);
    rmSync(this.home, { recursive: true, force: true });
  }

  /** Upstream's kubectl. Rejects when it fails. */
  async kubectl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(args);
    assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  }

  tryKubectl(args: readonly string[], stdin?: string): Promise<Finished> {
    return processes.run("kubectl", args, {
      env: this.env,
      timeoutMs: 240_000,
      ...(stdin === undefined ? {} : { stdin }),
    });
  }

  async apply(manifest: string): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(["apply", "-f", "-"], manifest);
    assert.equal(code, 0, stderr);
    return stdout;
  }

  /** `-o jsonpath` of one object. */
  async read(object: string, path: string, ...flags: string[]): Promise<string> {
    return (await this.tryKubectl(["get", object, "-o", `jsonpath=${path}`, ...flags])).stdout;
  }
}

/** Asks until the answer is as wanted; fails with the last answer after the time is over. */
export async function eventually<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  timeoutMs = 180_000,
): Promise<T> {
  const deadline = clock.monotonic() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (clock.monotonic() > deadline)
      assert.fail(`not in ${timeoutMs / 1000} s; the last answer was ${JSON.stringify(answer)}`);
    await clock.sleep(200);
  }
}

/**
 * What of a cluster is still in the kernel or running: links, rules, routes, mounts, cgroups, processes. Empty after
 * `down`. Other clusters of the machine do not count.
 */
export async function remainsOf(cluster: TestCluster): Promise<string> {
  const config = JSON.parse(readFileSync(join(cluster.directory, "config.json"), "utf8")) as ClusterConfig;
  const marks = [
    cluster.name,
    cluster.directory,
    clusterId(config),
    ...config.nodes.map((node) => networkId(config, node)),
  ];
  const ranges = [config.serviceCidr, config.clusterCidr];
  const lines = async (command: string, ...args: string[]) => (await processes.run(command, args)).stdout.split("\n");
  const found = [
    ...(await lines("ip", "-brief", "link")),
    ...(await lines("nft", "list", "tables")),
    ...(await lines("cat", "/proc/self/mountinfo")),
    ...(await lines("find", "/sys/fs/cgroup", "-maxdepth", "3", "-type", "d")),
    ...(await lines("ps", "-eo", "pid,args")).filter((line) => !line.includes("--test")),
  ].filter((line) => marks.some((mark) => line.includes(mark)));
  const routes = (await lines("ip", "route")).filter((line) => ranges.some((range) => line.includes(range)));
  return [...found, ...routes].join("\n");
}
