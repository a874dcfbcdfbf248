import assert from "node:assert/strict";
import { test } from "node:test";
import { CapturingLog, createVirtualPlatform, silentLog } from "../base/index.ts";
import { isNotFound } from "../client/index.ts";
import { loadReceived } from "../cri/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../testing/index.ts";
import type { KubeletConfiguration } from "./config.ts";
import { createKubelet, type Kubelet } from "./kubelet.ts";
import { testContainer } from "./testing/fixtures.ts";
import { MemoryRuntime, type MemoryRuntimeOptions } from "./testing/memory-runtime.ts";
import type { Node, Pod } from "./types.ts";

const received = await loadReceived();
const podResource = { group: "", version: "v1", resource: "pods" };

/** A control plane, a kubelet and a runtime, all in this process and on one virtual clock. */
class World {
  readonly platform = createVirtualPlatform({ startMs: Date.UTC(2026, 0, 1) });
  readonly log = new CapturingLog();
  readonly runtime: MemoryRuntime;
  #plane: TestControlPlane | undefined;
  #controller = new AbortController();
  #running: Promise<void> = Promise.resolve();
  kubelet: Kubelet | undefined;

  constructor(options: Partial<MemoryRuntimeOptions> = {}) {
    this.runtime = new MemoryRuntime({ clock: this.platform.clock, received, ...options });
    const { processes } = this.platform;
    for (const command of ["mount", "umount", "rmdir", "hostname"]) processes.on(command, {});
  }

  async start(configuration: Partial<KubeletConfiguration> = {}): Promise<this> {
    const { clock, random, disk } = this.platform;
    const files: Readonly<Record<string, string>> = {
      "/proc/meminfo": "MemTotal: 8388608 kB\nMemFree: 4194304 kB\n",
      "/proc/stat": "cpu  1 0 1 1\ncpu0 1 0 1 1\ncpu1 1 0 1 1\nbtime 1\n",
      "/proc/self/mountinfo": "",
      "/etc/resolv.conf": "nameserver 1.1.1.1\n",
    };
    for (const [path, text] of Object.entries(files)) {
      await disk.makeDirectory(path.slice(0, path.lastIndexOf("/")));
      await disk.write(path, text);
    }
    for (const name of ["cpu", "memory", "pids"]) await disk.makeDirectory(`/sys/fs/cgroup/${name}`);
    this.#plane = await startStandardControlPlane({ clock, random, log: silentLog });
    const account = { metadata: { name: "default" } };
    const accounts = this.client.resource({ group: "", version: "v1", resource: "serviceaccounts" });
    await accounts
      .namespace("default")
      .create(account)
      .catch(() => {});
    this.startKubelet(configuration);
    await this.until("the node is ready", () => this.kubelet?.ready === true);
    return this;
  }

  startKubelet(configuration: Partial<KubeletConfiguration> = {}): void {
    this.#controller = new AbortController();
    this.kubelet = createKubelet({
      platform: this.platform,
      log: this.log,
      client: this.client,
      cri: this.runtime,
      architecture: "x64",
      configuration: { nodeName: "n1", nodeIps: ["192.0.2.7"], hostname: "n1", enableServer: false, ...configuration },
    });
    this.#running = this.kubelet.run(this.#controller.signal);
  }

  async stopKubelet(): Promise<void> {
    this.#controller.abort();
    await this.#running;
  }

  async stop(): Promise<void> {
    await this.stopKubelet();
    await this.#plane?.stop();
  }

  get client() {
    if (this.#plane === undefined) throw new Error("not started");
    return this.#plane.client;
  }

  get pods() {
    return this.client.resource<Pod>(podResource).namespace("default");
  }

  async create(name: string, spec: Partial<NonNullable<Pod["spec"]>> = {}): Promise<Pod> {
    const whole = {
      nodeName: "n1",
      automountServiceAccountToken: false,
      ...spec,
      containers: spec.containers ?? [testContainer("main")],
    };
    return this.pods.create({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec: whole });
  }

  /** Lets time pass until it is so; returns how many milliseconds that took. */
  async until(what: string, holds: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<number> {
    const { clock } = this.platform;
    const startMs = clock.now();
    await clock.settle();
    while (!(await holds())) {
      if (clock.now() - startMs > limitMs) throw new Error(`${what}: not within ${limitMs} ms`);
      await clock.advance(10);
    }
    return clock.now() - startMs;
  }

  untilPhase(name: string, phase: string): Promise<number> {
    return this.until(`${name} is ${phase}`, async () => (await this.pods.get(name)).status?.phase === phase);
  }

  untilMirror(): Promise<number> {
    return this.until("there is a mirror", () =>
      this.pods.get("static-n1").then(
        () => true,
        () => false,
      ),
    );
  }

  untilGone(name: string): Promise<number> {
    const gone = (): Promise<boolean> => this.pods.get(name).then(() => false, isNotFound);
    return this.until(`${name} is gone`, gone);
  }
}

async function within(world: World, work: (world: World) => Promise<void>): Promise<void> {
  try {
    await work(world);
  } finally {
    await world.stop();
  }
}

const waitingReason = (pod: Pod): string | undefined => pod.status?.containerStatuses?.[0]?.state?.waiting?.reason;

test("a pod for a label that the node has just got is taken, one for a label that it lacks is not", async () => {
  const world = await new World().start();
  try {
    const nodes = world.client.resource<Node>({ group: "", version: "v1", resource: "nodes" });
    await nodes.patch("n1", { type: "merge", body: { metadata: { labels: { just: "now" } } } });
    await world.create("fits", { nodeSelector: { just: "now" } });
    await world.untilPhase("fits", "Running");
    await world.create("strays", { nodeSelector: { just: "then" } });
    await world.untilPhase("strays", "Failed");
    assert.equal((await world.pods.get("strays")).status?.reason, "NodeAffinity");
  } finally {
    await world.stop();
  }
});

test("the node registers, is ready and says what it has", async () => {
  await within(await new World().start(), async ({ client }) => {
    const node = await client.resource<Node>({ group: "", version: "v1", resource: "nodes" }).get("n1");
    assert.equal(node.metadata.labels?.["kubernetes.io/hostname"], "n1");
    assert.equal(node.metadata.labels?.["kubernetes.io/arch"], "amd64");
    assert.equal(node.status?.capacity?.["cpu"], "2");
    assert.equal(node.status?.capacity?.["memory"], "8Gi");
    const ready = node.status?.conditions?.find((one) => one.type === "Ready");
    assert.deepEqual(
      [ready?.status, ready?.reason, ready?.message],
      ["True", "KubeletReady", "kubelet is posting ready status"],
    );
    assert.deepEqual(node.status?.addresses, [
      { type: "InternalIP", address: "192.0.2.7" },
      { type: "Hostname", address: "n1" },
    ]);
  });
});

test("a pod runs, is deleted with grace, and leaves nothing", async () => {
  await within(await new World({ program: () => ({ stopMs: 3_000 }) }).start(), async (world) => {
    await world.create("web");
    const startedMs = await world.untilPhase("web", "Running");
    assert.ok(startedMs <= 100, `nothing but the runtime's own time: ${startedMs} ms`);
    const pod = await world.pods.get("web");
    assert.equal(pod.status?.podIP, "10.0.0.1");
    assert.equal(pod.status?.qosClass, "BestEffort");
    assert.equal(pod.status?.containerStatuses?.[0]?.ready, true);
    const uid = pod.metadata.uid;
    assert.match(await world.platform.disk.readText(`/var/lib/kubelet/pods/${uid}/etc-hosts`), /10\.0\.0\.1\tweb\n/);

    await world.pods.delete("web");
    const goneMs = await world.untilGone("web");
    assert.ok(goneMs >= 3_000 && goneMs < 4_000, `stopped in its own time: ${goneMs} ms`);
    await world.until("all is removed", () => world.kubelet?.pods().length === 0);
    await world.platform.clock.advance(1_000);
    assert.equal(await world.platform.disk.status(`/var/lib/kubelet/pods/${uid}`), undefined);
    assert.deepEqual(await world.platform.disk.list("/var/log/pods"), []);
    assert.ok(world.runtime.calls.includes("stop within 30s main"));
  });
});

test("a container that does not heed SIGTERM is killed when its grace is over", async () => {
  await within(await new World({ program: () => ({ stopMs: 600_000 }) }).start(), async (world) => {
    await world.create("stubborn", { terminationGracePeriodSeconds: 60 });
    await world.untilPhase("stubborn", "Running");
    await world.pods.delete("stubborn");
    await world.platform.clock.advance(5_000);
    await world.pods.delete("stubborn", { gracePeriodSeconds: 2 });
    const goneMs = await world.untilGone("stubborn");
    assert.ok(goneMs <= 2_500, `a shorter grace period counts at once: ${goneMs} ms`);
    assert.ok(world.runtime.calls.includes("exit 137 main"));
  });
});

test("a crashing container restarts at once, then ever later, and counts", async () => {
  await within(await new World({ program: () => ({ runMs: 1_000, exitCode: 1 }) }).start(), async (world) => {
    await world.create("crash");
    await world.until("it backs off", async () => waitingReason(await world.pods.get("crash")) === "CrashLoopBackOff");
    const pod = await world.pods.get("crash");
    assert.equal(pod.status?.containerStatuses?.[0]?.restartCount, 1);
    assert.equal(pod.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 1);
    assert.match(
      pod.status?.containerStatuses?.[0]?.state?.waiting?.message ?? "",
      /^back-off 10s restarting failed container=main pod=crash_default\(/,
    );
    const starts = (): number => world.runtime.calls.filter((call) => call === "start main").length;
    assert.equal(starts(), 2);
    await world.platform.clock.advance(9_000);
    assert.equal(starts(), 2, "not before the back-off is over");
    await world.platform.clock.advance(1_500);
    assert.equal(starts(), 3);
    await world.until("it backs off longer", async () =>
      ((await world.pods.get("crash")).status?.containerStatuses?.[0]?.state?.waiting?.message ?? "").startsWith(
        "back-off 20s",
      ),
    );
  });
});

test("jobs end, and their pods keep what they said", async () => {
  const program: MemoryRuntimeOptions["program"] = (config) => ({
    runMs: 2_000,
    exitCode: config.metadata?.name === "bad" ? 3 : 0,
  });
  await within(await new World({ program }).start(), async (world) => {
    await world.create("good", { restartPolicy: "Never" });
    await world.create("mixed", { restartPolicy: "Never", containers: [testContainer("main"), testContainer("bad")] });
    await world.untilPhase("good", "Succeeded");
    await world.untilPhase("mixed", "Failed");
    const { status } = await world.pods.get("mixed");
    assert.deepEqual(
      status?.containerStatuses?.map(
        (one) => `${one.name} ${one.state?.terminated?.reason} ${one.state?.terminated?.exitCode}`,
      ),
      ["bad Error 3", "main Completed 0"],
    );
    assert.equal(status?.conditions?.find((one) => one.type === "Ready")?.reason, "PodFailed");
    assert.equal(world.runtime.running, 0);
    await world.pods.delete("good");
    await world.untilGone("good");
  });
});

test("init containers, then sidecars, then the rest; at the end in reverse", async () => {
  const program: MemoryRuntimeOptions["program"] = (config) => (config.metadata?.name === "init" ? { runMs: 500 } : {});
  await within(await new World({ program }).start(), async (world) => {
    const side = testContainer("side", { restartPolicy: "Always" });
    await world.create("ordered", {
      initContainers: [testContainer("init"), side],
      containers: [testContainer("main")],
    });
    await world.untilPhase("ordered", "Running");
    await world.until("the rest runs", () => world.runtime.running === 2);
    await world.pods.delete("ordered");
    await world.untilGone("ordered");
    const order = world.runtime.calls.filter((call) => /^(start|exit)/.test(call));
    assert.deepEqual(order, ["start init", "exit 0 init", "start side", "start main", "exit 0 main", "exit 0 side"]);
  });
});

test("a kubelet that starts again finds its pods and touches nothing that runs", async () => {
  await within(await new World().start(), async (world) => {
    await world.create("kept");
    await world.create("deleted");
    await world.untilPhase("kept", "Running");
    await world.untilPhase("deleted", "Running");
    await world.stopKubelet();
    const before = world.runtime.calls.length;
    assert.equal(world.runtime.running, 2);
    await world.pods.delete("deleted", { gracePeriodSeconds: 0 });
    world.startKubelet();
    await world.until("the orphan is gone", () => world.runtime.running === 1);
    await world.platform.clock.advance(90_000);
    assert.deepEqual(world.runtime.calls.slice(before), [
      "stop within 30s main",
      "exit 0 main",
      "stop sandbox deleted",
    ]);
    assert.equal((await world.pods.get("kept")).status?.containerStatuses?.[0]?.restartCount, 0);
  });
});

test("a pod past its deadline fails", async () => {
  await within(await new World().start(), async (world) => {
    await world.create("late", { activeDeadlineSeconds: 20 });
    await world.untilPhase("late", "Running");
    const failedMs = await world.untilPhase("late", "Failed");
    assert.ok(failedMs > 18_000 && failedMs < 21_000, `${failedMs} ms`);
    assert.equal((await world.pods.get("late")).status?.reason, "DeadlineExceeded");
    assert.equal(world.runtime.running, 0);
  });
});

test("a pod that does not fit is turned away", async () => {
  await within(await new World().start(), async (world) => {
    await world.create("big", { containers: [testContainer("main", { resources: { requests: { cpu: "3" } } })] });
    await world.untilPhase("big", "Failed");
    const { status } = await world.pods.get("big");
    assert.equal(status?.reason, "OutOfcpu");
    assert.match(
      status?.message ?? "",
      /^Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000/,
    );
    assert.deepEqual(world.runtime.calls, []);
  });
});

test("probes: a container that is not alive restarts, one that is not ready is not announced", async () => {
  let healthy = true;
  const exec = (): number => (healthy ? 0 : 1);
  await within(await new World({ exec }).start(), async (world) => {
    const check = { exec: { command: ["check"] }, periodSeconds: 1, failureThreshold: 2 };
    await world.create("probed", {
      containers: [testContainer("main", { readinessProbe: { ...check, failureThreshold: 1 }, livenessProbe: check })],
    });
    const ready = async (): Promise<string | undefined> =>
      (await world.pods.get("probed")).status?.conditions?.find((one) => one.type === "Ready")?.status;
    await world.until("ready", async () => (await ready()) === "True");
    healthy = false;
    await world.until("unready", async () => (await ready()) === "False");
    await world.until(
      "restarted",
      async () => (await world.pods.get("probed")).status?.containerStatuses?.[0]?.restartCount === 1,
    );
    healthy = true;
    await world.until("ready again", async () => (await ready()) === "True");
  });
});

test("static pods run without being asked for, and show in the API", async () => {
  const world = new World();
  const manifest =
    "apiVersion: v1\nkind: Pod\nmetadata: { name: static }\nspec: { containers: [{ name: main, image: 'main:1' }] }\n";
  await world.platform.disk.makeDirectory("/manifests");
  await world.platform.disk.write("/manifests/static.yaml", manifest);
  await within(await world.start({ staticPodPath: "/manifests" }), async () => {
    await world.untilMirror();
    await world.untilPhase("static-n1", "Running");
    await world.pods.delete("static-n1", { gracePeriodSeconds: 0 });
    await world.untilMirror();
    assert.equal(
      world.runtime.calls.filter((call) => call === "start main").length,
      1,
      "its mirror is made again, the pod itself runs on",
    );
    await world.platform.disk.remove("/manifests/static.yaml");
    await world.untilGone("static-n1");
    await world.until("it is stopped", () => world.runtime.running === 0);
  });
});

test("without hints from the runtime, lists find what happened", async () => {
  await within(await new World({ hints: false, program: () => ({ runMs: 500 }) }).start(), async (world) => {
    await world.create("listed", { restartPolicy: "Never" });
    const endedMs = await world.untilPhase("listed", "Succeeded");
    assert.ok(endedMs < 2_000, `${endedMs} ms`);
  });
});
