import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CapturingLog, createRealPlatform } from "../src/base/index.ts";
import {
  BUSYBOX_IMAGE,
  builtInImages,
  Containerd,
  type ContainerRuntime,
  destroyContainerd,
  ensureImage,
  PAUSE_IMAGE,
  removeCgroup,
} from "../src/cri/index.ts";
import { NodeBridge, NodeNetwork, runIn, TestHost } from "../src/network/index.ts";

// Two machines inside this one, each with its own containerd and pod network, and a pod on each. Needs root and the
// Debian packages that the launcher installs.
const platform = { ...createRealPlatform(), log: new CapturingLog() };
const { clock, disk, processes } = platform;
const directory = mkdtempSync(join(tmpdir(), "nodes-"));
const id = directory
  .slice(-6)
  .toLowerCase()
  .replaceAll(/[^a-z0-9]/g, "x");
const cgroup = `/k8ts-test-${id}`;
const subnet = "10.207.0.0/24";
const clusterCidr = "10.208.0.0/16";
const architecture = process.arch === "arm64" ? "arm64" : "amd64";
const bridge = new NodeBridge(processes, { id, subnet });

interface Node {
  readonly host: TestHost;
  readonly network: NodeNetwork;
  readonly containerd: Containerd;
  readonly runtime: ContainerRuntime;
}
const nodes: Node[] = [];

const podCidr = (number: number): string => `10.208.${number}.0/24`;

async function startNode(number: number): Promise<void> {
  const own = join(directory, `n${number}`);
  const address = bridge.nodeAddress(number);
  const host = await TestHost.open(platform, {
    id,
    number,
    hostname: `node-${number}`,
    directory: own,
    address,
    subnet,
    cgroup: `${cgroup}/n${number}`,
  });
  await host.create();
  const network = new NodeNetwork(platform, {
    id,
    directory: join(own, "network"),
    nodeAddress: address,
    podCidr: podCidr(number),
    clusterCidr,
    serviceCidr: "10.209.0.0/16",
    nodeLinks: [host.link],
    insideRanges: [subnet],
    enter: host.enter,
  });
  const containerd = new Containerd(platform, {
    directory: join(own, "containerd"),
    sandboxImage: PAUSE_IMAGE,
    cniConfigDirectory: network.cniConfigDirectory,
    enter: host.enter,
  });
  nodes.push({ host, network, containerd, runtime: await containerd.connect() });
  await network.up();
  await network.setPeers(
    [1, 2]
      .filter((other) => other !== number)
      .map((other) => ({ podCidr: podCidr(other), address: bridge.nodeAddress(other) })),
  );
  await containerd.start();
}

async function loadImages({ containerd, runtime }: Node): Promise<void> {
  const { snapshotter } = await containerd.facts();
  const store = { clock, processes, images: runtime.images, socket: containerd.paths.socket, snapshotter };
  for (const name of [PAUSE_IMAGE, BUSYBOX_IMAGE]) {
    const recipe = builtInImages(architecture)[name];
    assert.ok(recipe);
    await ensureImage(store, recipe, { disk, processes, architecture, cacheDirectory: join(directory, "cache") });
  }
}

/** A pod whose container serves its /etc over HTTP. */
async function runPod({ runtime: { runtime } }: Node, name: string) {
  const sandboxConfig = {
    metadata: { name, uid: `uid-${name}`, namespace: "default", attempt: 0 },
    hostname: name,
    logDirectory: directory,
    linux: { cgroupParent: `/kubepods/${name}` },
  };
  const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
  const config = {
    metadata: { name: "web", attempt: 0 },
    image: { image: BUSYBOX_IMAGE },
    command: ["httpd", "-f", "-h", "/etc"],
    logPath: `${name}.log`,
    linux: { resources: { memoryLimitInBytes: 64 * 1024 * 1024 } },
  };
  const { containerId } = await runtime.createContainer({ podSandboxId, config, sandboxConfig });
  await runtime.startContainer({ containerId });
  const { status } = await runtime.podSandboxStatus({ podSandboxId });
  return { containerId, address: status?.network?.ip ?? "" };
}

before(async () => {
  await bridge.up();
  for (const number of [1, 2]) await startNode(number);
  for (const node of nodes) await loadImages(node);
});

after(async () => {
  for (const { containerd, host, network, runtime } of nodes) {
    runtime.close();
    await destroyContainerd(platform, { containerd, enter: host.enter, deleteData: true });
    await network.down();
    await host.remove();
  }
  await removeCgroup(platform, cgroup);
  await bridge.down();
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  assert.equal(mounts.includes(directory), false, "no mount is left");
  assert.equal(existsSync(`/sys/fs/cgroup/memory${cgroup}`), false, "no cgroup is left");
  assert.equal((await processes.run("ip", ["-o", "link"])).stdout.includes(id), false, "no link is left");
  rmSync(directory, { recursive: true });
});

test("containers on two nodes reach each other by their own addresses and live in their node's cgroup", async () => {
  const [first, second] = nodes;
  assert.ok(first && second);
  const [a, b] = [await runPod(first, "a"), await runPod(second, "b")];
  assert.match(a.address, /^10\.208\.1\./);
  assert.match(b.address, /^10\.208\.2\./);
  const get = `until wget -q -O - http://${a.address}/hostname; do sleep 0.1; done`;
  const { stdout, exitCode } = await second.runtime.runtime.execSync({
    containerId: b.containerId,
    cmd: ["sh", "-c", get],
    timeout: 30,
  });
  assert.equal(exitCode, 0);
  assert.equal(Buffer.from(stdout).toString(), "a\n");
  assert.equal(
    await runIn(
      processes,
      first.host.enter,
      "curl",
      "-sS",
      "--retry",
      "20",
      "--retry-connrefused",
      "--retry-delay",
      "1",
      `http://${b.address}/hostname`,
    ),
    "b\n",
  );

  const groups = await runIn(
    processes,
    [],
    "find",
    "/sys/fs/cgroup",
    "-path",
    `*${cgroup}/n2/kubepods/b/${b.containerId}`,
  );
  assert.notEqual(groups, "");
  const { stats } = await second.runtime.runtime.containerStats({ containerId: b.containerId });
  assert.ok((stats?.memory?.workingSetBytes?.value ?? 0) > 0);
});

test("the machine itself sees no pod", async () => {
  assert.equal((await processes.run("ip", ["route", "get", "10.208.1.2"])).stdout.includes(`net-${id}`), false);
  assert.equal((await processes.run("ip", ["-o", "link"])).stdout.includes(`cni-${id}`), false);
});
