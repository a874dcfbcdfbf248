import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CapturingLog, createRealPlatform, until } from "../../base/index.ts";
import { destroyContainerd } from "../cleaning/destroy.ts";
import { mountPointsBelow } from "../cleaning/mounts.ts";
import { findShims } from "../cleaning/shims.ts";
import { BUSYBOX_IMAGE, builtInImages, PAUSE_IMAGE } from "../images/definitions.ts";
import { ensureImage } from "../images/ensure.ts";
import type { Request } from "../messages.ts";
import type { ContainerRuntime } from "../services.ts";
import { Containerd } from "./instance.ts";

// Real containers: needs root on Linux and Debian's containerd, runc, CNI plug-ins and busybox-static.
const platform = { ...createRealPlatform(), log: new CapturingLog() };
const { clock, disk, processes } = platform;
const directory = mkdtempSync(join(tmpdir(), "containerd-"));
const id = directory.slice(-6);
const bridge = `t-${id}`;
const cgroup = `/k8ts-test-${id}`;
const cniConfigDirectory = join(directory, "cni");
const containerd = new Containerd(platform, {
  directory: join(directory, "containerd"),
  sandboxImage: PAUSE_IMAGE,
  cniConfigDirectory,
});
let connection: ContainerRuntime;

const network = {
  cniVersion: "0.4.0",
  name: "test",
  plugins: [
    {
      type: "bridge",
      bridge,
      isGateway: true,
      ipam: { type: "host-local", subnet: "10.213.7.0/24", dataDir: join(directory, "ipam") },
    },
  ],
};

const sandboxConfig: Request<"PodSandboxConfig"> = {
  metadata: { name: "web", uid: "uid-1", namespace: "default", attempt: 0 },
  hostname: "web",
  logDirectory: join(directory, "logs"),
  labels: { app: "web" },
  linux: { cgroupParent: `${cgroup}/kubepods/pod1`, securityContext: { namespaceOptions: { pid: "CONTAINER" } } },
};

function containerConfig(name: string, command: string): Request<"ContainerConfig"> {
  return {
    metadata: { name, attempt: 0 },
    image: { image: BUSYBOX_IMAGE },
    command: ["sh", "-c", command],
    envs: [{ key: "GREETING", value: "grüß" }],
    logPath: `${name}.log`,
    linux: { resources: { memoryLimitInBytes: 64 * 1024 * 1024, cpuShares: 102, oomScoreAdj: 900 } },
  };
}

async function start(podSandboxId: string, config: Request<"ContainerConfig">): Promise<string> {
  const { containerId } = await connection.runtime.createContainer({ podSandboxId, config, sandboxConfig });
  await connection.runtime.startContainer({ containerId });
  return containerId;
}

function finished(containerId: string) {
  return until(clock, `container ${containerId} ends`, async () => {
    const { status } = await connection.runtime.containerStatus({ containerId });
    return status?.state === "CONTAINER_EXITED" && status;
  });
}

before(async () => {
  await disk.makeDirectory(cniConfigDirectory);
  await disk.makeDirectory(join(directory, "logs"));
  writeFileSync(join(cniConfigDirectory, "10-test.conflist"), JSON.stringify(network));
  await containerd.start();
  connection = await containerd.connect();
  const { snapshotter } = await containerd.facts();
  const store = { clock, processes, images: connection.images, socket: containerd.paths.socket, snapshotter };
  const build = { disk, processes, architecture: architecture(), cacheDirectory: join(directory, "cache") } as const;
  const recipes = builtInImages(build.architecture);
  for (const reference of [PAUSE_IMAGE, BUSYBOX_IMAGE]) {
    const recipe = recipes[reference];
    assert.ok(recipe);
    assert.equal((await ensureImage(store, recipe, build)).imported, true);
    assert.equal((await ensureImage(store, recipe, build)).imported, false, "the same image is not imported twice");
  }
});

after(async () => {
  connection?.close();
  await destroyContainerd(platform, { containerd, cgroups: [cgroup], deleteData: true });
  await processes.run("ip", ["link", "delete", bridge]);
  rmSync(directory, { recursive: true, force: true });
});

function architecture(): "amd64" | "arm64" {
  return process.arch === "arm64" ? "arm64" : "amd64";
}

test("a pod's container runs, answers exec, logs, and ends with its exit code", async () => {
  const { runtime } = connection;
  const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
  const { status: sandbox } = await runtime.podSandboxStatus({ podSandboxId });
  assert.equal(sandbox?.state, "SANDBOX_READY");
  assert.match(sandbox?.network?.ip ?? "", /^10\.213\.7\.\d+$/);
  assert.deepEqual(sandbox?.metadata, sandboxConfig.metadata);

  const containerId = await start(
    podSandboxId,
    containerConfig("main", 'trap "exit 7" TERM; echo hello; sleep 1000 & wait'),
  );
  const { stdout, exitCode } = await runtime.execSync({
    containerId,
    cmd: ["sh", "-c", "echo $GREETING; hostname; exit 3"],
    timeout: 60,
  });
  assert.equal(Buffer.from(stdout).toString(), "grüß\nweb\n");
  assert.equal(exitCode, 3);
  assert.match(
    (await runtime.exec({ containerId, cmd: ["sh"], stdout: true })).url,
    /^http:\/\/127\.0\.0\.1:\d+\/exec\//,
  );
  const log = () => readFileSync(join(directory, "logs/main.log"), "utf8");
  await until(clock, "the log is written", () => log() !== "");
  assert.match(log(), /^\d{4}-\S+(?:Z|[+-]\d\d:\d\d) stdout F hello\n$/);
  assert.ok(
    existsSync(`/sys/fs/cgroup/memory${cgroup}/kubepods/pod1`) || existsSync(`/sys/fs/cgroup${cgroup}/kubepods/pod1`),
  );

  await runtime.stopContainer({ containerId, timeout: 60 });
  const status = await finished(containerId);
  assert.equal(status.exitCode, 7);
  assert.equal(status.reason, "Error");
  await runtime.stopPodSandbox({ podSandboxId });
  await runtime.removePodSandbox({ podSandboxId });
  assert.deepEqual((await runtime.listPodSandbox()).items, []);
  await assert.rejects(runtime.containerStatus({ containerId }), { code: "NotFound" });
});

test("an image of our own that is missing is not looked for in any network", async () => {
  const pull = connection.images.pullImage({ image: { image: "k8ts.local/missing:1" } }, { timeoutMs: 60_000 });
  await assert.rejects(
    pull,
    /failed to resolve reference "k8ts.local\/missing:1".* 127\.0\.0\.1:1: connect: connection refused/,
  );
});

test("containers outlive containerd, and keepRunning brings it back", async () => {
  const config = { ...sandboxConfig, metadata: { name: "stay", uid: "uid-2", namespace: "default", attempt: 0 } };
  const { podSandboxId } = await connection.runtime.runPodSandbox({ config });
  const containerId = await start(podSandboxId, containerConfig("stay", "sleep 1000"));
  const controller = new AbortController();
  const kept = containerd.keepRunning(controller.signal);
  const before = await containerd.start();
  processes.kill(before.pid, "SIGKILL");
  while ((await containerd.running()) === undefined || (await containerd.running())?.pid === before.pid)
    await clock.sleep(50);
  const adopted = await containerd.start();
  assert.notEqual(adopted.pid, before.pid);
  controller.abort();
  await kept;
  assert.deepEqual(await containerd.running(), adopted, "it goes on without its keeper");
  const { status } = await connection.runtime.containerStatus({ containerId });
  assert.equal(status?.state, "CONTAINER_RUNNING");
  const { stats } = await connection.runtime.listContainerStats();
  assert.equal(stats[0]?.attributes?.id, containerId);
});

test("nothing is left after the end, even when containerd was killed first", async () => {
  const { pid } = await containerd.start();
  const shims = await findShims(disk, containerd.paths.socket);
  assert.equal(shims.length, 1);
  processes.kill(pid, "SIGKILL");
  await destroyContainerd(platform, { containerd, cgroups: [cgroup], deleteData: false });
  assert.deepEqual(
    platform.log.entries.filter(({ message }) => message.includes("could not be removed")),
    [],
  );
  assert.deepEqual(await findShims(disk, containerd.paths.socket), []);
  assert.deepEqual(mountPointsBelow(readFileSync("/proc/self/mountinfo", "utf8"), directory), []);
  assert.equal(existsSync(containerd.paths.state), false);
  const { stdout } = await processes.run("find", ["/sys/fs/cgroup", "-maxdepth", "2", "-name", cgroup.slice(1)]);
  assert.equal(stdout, "");
  const links = (await processes.run("ip", ["-o", "link", "show", "master", bridge])).stdout;
  assert.equal(links, "", "no veth is left on the bridge");
  assert.deepEqual(
    (await disk.list(join(directory, "ipam/test"))).filter((name) => name.startsWith("10.")),
    [],
  );

  await containerd.start();
  const { images } = await connection.images.listImages();
  assert.equal(images.length, 2, "images stay until the data is deleted");
  assert.deepEqual((await connection.runtime.listPodSandbox()).items, []);
});
