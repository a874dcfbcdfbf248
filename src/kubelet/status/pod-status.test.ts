import assert from "node:assert/strict";
import { test } from "node:test";
import { testContainer, testPod, testSandbox, testStatus, testView } from "../testing/fixtures.ts";
import type { Pod, PodStatus } from "../types.ts";
import type { RuntimePod } from "../runtime/view.ts";
import type { WaitReason } from "./container-statuses.ts";
import { podStatus } from "./pod-status.ts";

interface More {
  readonly previous?: PodStatus;
  readonly ended?: boolean;
  readonly waiting?: Readonly<Record<string, WaitReason>>;
  readonly ready?: Readonly<Record<string, boolean>>;
  readonly started?: Readonly<Record<string, boolean>>;
  readonly failure?: { readonly reason: string; readonly message: string };
}

function statusOf(pod: Pod, view: RuntimePod, more: More = {}): PodStatus {
  return podStatus({
    pod,
    view,
    previous: more.previous,
    ended: more.ended ?? false,
    waitReason: (name) => more.waiting?.[name],
    ready: (id) => more.ready?.[id],
    started: (id) => more.started?.[id],
    runtimeName: "containerd",
    nowMs: 10_000,
    hostIps: ["192.168.0.1"],
    ...(more.failure === undefined ? {} : { failure: more.failure }),
  });
}

/** `phase | conditions that are true | container states`. */
function brief(status: PodStatus): string {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const states = all.map((one) => {
    const { waiting, running, terminated } = one.state ?? {};
    const state = running
      ? "running"
      : terminated
        ? `${terminated.reason} ${terminated.exitCode}`
        : (waiting?.reason ?? "waiting");
    return `${one.name}:${state}${one.ready ? " ready" : ""}${one.restartCount ? ` x${one.restartCount}` : ""}`;
  });
  const met = (status.conditions ?? []).filter((one) => one.status === "True").map((one) => one.type);
  return `${status.phase} | ${met.join(" ")} | ${states.join(", ")}`;
}

const exited = (name: string, exitCode: number, more = {}) => testStatus(name, { state: "exited", exitCode, ...more });
const empty = testView([], []);

test("a pod comes up", () => {
  assert.equal(brief(statusOf(testPod(), empty)), "Pending | Initialized PodScheduled | main:ContainerCreating");
  assert.equal(
    brief(statusOf(testPod(), testView([]))),
    "Pending | PodReadyToStartContainers Initialized PodScheduled | main:ContainerCreating",
  );
  assert.equal(
    brief(statusOf(testPod(), testView([testStatus("main")]))),
    "Running | PodReadyToStartContainers Initialized Ready ContainersReady PodScheduled | main:running ready",
  );
});

test("init containers hold the pod in Pending and say which are missing", () => {
  const pod = testPod({ initContainers: [testContainer("i1"), testContainer("i2")] });
  const half = statusOf(pod, testView([exited("i1", 0)]));
  assert.equal(
    brief(half),
    "Pending | PodReadyToStartContainers PodScheduled | i1:Completed 0 ready, i2:PodInitializing, main:PodInitializing",
  );
  const condition = half.conditions?.find((one) => one.type === "Initialized");
  assert.equal(condition?.reason, "ContainersNotInitialized");
  assert.equal(condition?.message, "containers with incomplete status: [i2]");
  assert.match(
    brief(
      statusOf(testPod({ restartPolicy: "Never", initContainers: [testContainer("i1")] }), testView([exited("i1", 2)])),
    ),
    /^Failed /,
  );
});

test("probes decide about started and ready", () => {
  const pod = testPod({ containers: [testContainer("main", { startupProbe: {}, readinessProbe: {} })] });
  const view = testView([testStatus("main")]);
  const of = (more: More) => statusOf(pod, view, more).containerStatuses?.map((one) => [one.started, one.ready])[0];
  assert.deepEqual(of({}), [false, false]);
  assert.deepEqual(of({ started: { "main-0": true } }), [true, false]);
  assert.deepEqual(of({ started: { "main-0": true }, ready: { "main-0": true } }), [true, true]);
  assert.deepEqual(of({ ready: { "main-0": true } }), [false, false]);
});

test("waiting reasons push what was into lastState", () => {
  const waiting = { main: { reason: "CrashLoopBackOff", message: "back-off 10s" } };
  const status = statusOf(testPod(), testView([exited("main", 1, { restartCount: 3 })]), { waiting });
  assert.equal(
    brief(status),
    "Running | PodReadyToStartContainers Initialized PodScheduled | main:CrashLoopBackOff x3",
  );
  assert.equal(status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 1);
  assert.equal(
    brief(statusOf(testPod(), testView([exited("main", 1)]))),
    "Running | PodReadyToStartContainers Initialized PodScheduled | main:Error 1",
  );
});

test("a container that has ended still says what it is to have; one that was never made does not", () => {
  const resources = { requests: { cpu: "10m" }, limits: { memory: "16Mi" } };
  const pod = testPod({ containers: [testContainer("main", { resources }), testContainer("plain")] });
  const uses = (view: RuntimePod) =>
    statusOf(pod, view).containerStatuses?.map((one) => [one.resources, one.allocatedResources]);
  assert.deepEqual(uses(testView([exited("main", 1), exited("plain", 0)])), [
    [resources, resources.requests],
    [{}, undefined],
  ]);
  assert.deepEqual(uses(testView([])), [
    [undefined, undefined],
    [undefined, undefined],
  ]);
});

test("phases at the end", () => {
  const phase = (restartPolicy: "Always" | "OnFailure" | "Never", codes: readonly number[], ended = false) => {
    const names = codes.map((_, index) => `c${index}`);
    const pod = testPod({ restartPolicy, containers: names.map((name) => testContainer(name)) });
    return statusOf(pod, testView(codes.map((code, index) => exited(`c${index}`, code))), { ended }).phase;
  };
  assert.equal(phase("Never", [0, 0]), "Succeeded");
  assert.equal(phase("Never", [0, 1]), "Failed");
  assert.equal(phase("OnFailure", [0, 0]), "Succeeded");
  assert.equal(phase("OnFailure", [0, 1]), "Running");
  assert.equal(phase("Always", [0, 0]), "Running");
  assert.equal(phase("Always", [0, 0], true), "Succeeded");
  assert.equal(phase("Always", [0, 1], true), "Failed");
});

test("a phase that ended never comes back, and its reason stays", () => {
  const previous: PodStatus = { phase: "Failed", reason: "Evicted", message: "The node was low on resource: memory." };
  const status = statusOf(testPod(), testView([testStatus("main")]), { previous });
  assert.equal(status.phase, "Failed");
  assert.equal(status.reason, "Evicted");
  assert.equal(statusOf(testPod(), empty, { failure: { reason: "OutOfcpu", message: "no" } }).phase, "Failed");
});

test("a container that ran but is gone ended in a way nobody saw", () => {
  const before = statusOf(testPod(), testView([testStatus("main")]));
  const ended = statusOf(testPod(), empty, { previous: before, ended: true });
  assert.equal(brief(ended).split(" | ")[2], "main:ContainerStatusUnknown 137");
  const alive = statusOf(testPod(), empty, { previous: before });
  assert.equal(brief(alive).split(" | ")[2], "main:ContainerCreating x1");
  assert.equal(alive.containerStatuses?.[0]?.lastState?.terminated?.reason, "ContainerStatusUnknown");
});

test("times of conditions move only with their status; conditions of others stay", () => {
  const previous: PodStatus = {
    conditions: [
      { type: "Ready", status: "False", lastTransitionTime: "2020-01-01T00:00:00Z" },
      { type: "PodScheduled", status: "True", lastTransitionTime: "2020-01-01T00:00:00Z" },
      { type: "example.com/gate", status: "True", lastTransitionTime: "2020-01-01T00:00:00Z" },
    ],
  };
  const pod = testPod(
    { readinessGates: [{ conditionType: "example.com/gate" }, { conditionType: "example.com/other" }] },
    { generation: 4 },
  );
  const { conditions = [], observedGeneration } = statusOf(pod, testView([testStatus("main")]), { previous });
  const of = (type: string) => conditions.find((one) => one.type === type);
  assert.equal(of("PodScheduled")?.lastTransitionTime, "2020-01-01T00:00:00Z");
  assert.equal(of("ContainersReady")?.lastTransitionTime, "1970-01-01T00:00:10Z");
  assert.equal(
    of("Ready")?.message,
    'corresponding condition of pod readiness gate "example.com/other" does not exist.',
  );
  assert.equal(of("example.com/gate")?.status, "True");
  assert.equal(observedGeneration, 4);
});

test("an evicted pod is marked as disrupted, once", () => {
  const failure = { reason: "Evicted", message: "The node was low on resource: memory." };
  const first = statusOf(testPod(), empty, { failure });
  const marked = (status: PodStatus) =>
    status.conditions?.filter((one) => one.type === "DisruptionTarget").map((one) => one.reason);
  assert.deepEqual(marked(first), ["TerminationByKubelet"]);
  assert.deepEqual(marked(statusOf(testPod(), empty, { failure, previous: first })), ["TerminationByKubelet"]);
});

test("addresses: the sandbox's, the node's, and what was last known of a pod that ended", () => {
  const ips = (status: PodStatus) => (status.podIPs ?? []).map((one) => one.ip).join();
  const dual = [testSandbox({ ips: ["10.0.0.5", "fd00::5"] })];
  const running = statusOf(testPod(), testView([testStatus("main")], dual));
  assert.equal(ips(running), "10.0.0.5,fd00::5");
  assert.equal(running.podIP, "10.0.0.5");
  assert.equal(ips(statusOf(testPod({ hostNetwork: true }), testView([], [testSandbox({ ips: [] })]))), "192.168.0.1");
  assert.equal(ips(statusOf(testPod(), empty, { previous: running, ended: true })), "10.0.0.5,fd00::5");
  assert.equal(ips(statusOf(testPod(), empty)), "");
});
