import assert from "node:assert/strict";
import { test } from "node:test";
import { testContainer, testPod, testSandbox, testStatus, testView } from "../testing/fixtures.ts";
import type { Pod } from "../types.ts";
import { computePodActions, type ProbeVerdict } from "./actions.ts";
import type { RuntimePod } from "./view.ts";

interface Verdicts {
  readonly liveness?: Readonly<Record<string, ProbeVerdict>>;
  readonly startup?: Readonly<Record<string, ProbeVerdict>>;
}

/** One line for what is to be done. */
function decide(pod: Pod, view: RuntimePod, verdicts: Verdicts = {}): string {
  const actions = computePodActions(pod, view, {
    liveness: (id) => verdicts.liveness?.[id],
    startup: (id) => verdicts.startup?.[id],
  });
  const parts = [
    actions.killPod ? "kill pod" : "",
    actions.createSandbox ? `sandbox ${actions.attempt}` : "",
    ...actions.containersToKill.map((kill) => `kill ${kill.name} (${kill.message})`),
    ...actions.ephemeralContainersToStart.map((name) => `ephemeral ${name}`),
    ...actions.initContainersToStart.map((name) => `init ${name}`),
    ...actions.containersToStart.map((name) => `start ${name}`),
  ];
  return parts.filter((part) => part !== "").join(", ") || "nothing";
}

const exited = (name: string, exitCode: number, more = {}) => testStatus(name, { state: "exited", exitCode, ...more });
const running = (name: string, more = {}) => testStatus(name, more);
const empty = testView([], []);
const two = { containers: [testContainer("a"), testContainer("b")] };

test("sandboxes: none, dead, several, without address, on another network", () => {
  const pod = testPod();
  assert.equal(decide(pod, empty), "kill pod, sandbox 0, start main");
  assert.equal(
    decide(pod, testView([], [testSandbox({ ready: false, attempt: 2 })])),
    "kill pod, sandbox 3, start main",
  );
  assert.equal(decide(pod, testView([], [testSandbox({ ips: [] })])), "kill pod, sandbox 1, start main");
  const hostNetwork = testPod({ hostNetwork: true });
  assert.equal(decide(hostNetwork, testView([running("main")])), "kill pod, sandbox 1, start main");
  assert.equal(
    decide(hostNetwork, testView([running("main")], [testSandbox({ hostNetwork: true, ips: [] })])),
    "nothing",
  );
  const both = [testSandbox({ id: "s1", attempt: 1 }), testSandbox()];
  assert.equal(decide(pod, testView([], both)), "kill pod, sandbox 2, start main");
});

test("a pod that never restarts is not brought up a second time", () => {
  const dead = [testSandbox({ ready: false })];
  assert.equal(decide(testPod({ restartPolicy: "Never" }), testView([exited("main", 1)], dead)), "kill pod");
  assert.equal(decide(testPod({ restartPolicy: "OnFailure" }), testView([exited("main", 0)], dead)), "kill pod");
  assert.equal(
    decide(testPod({ restartPolicy: "OnFailure" }), testView([exited("main", 1)], dead)),
    "kill pod, sandbox 1, start main",
  );
});

test("restart policies of regular containers", () => {
  const at = (restartPolicy: "Always" | "OnFailure" | "Never", exitCode: number): string =>
    decide(testPod({ ...two, restartPolicy }), testView([exited("a", exitCode), running("b")]));
  assert.equal(at("Always", 0), "start a");
  assert.equal(at("OnFailure", 0), "nothing");
  assert.equal(at("OnFailure", 1), "start a");
  assert.equal(at("Never", 1), "nothing");
});

test("when nothing is kept and nothing starts, the pod is over", () => {
  assert.equal(decide(testPod({ restartPolicy: "Never" }), testView([exited("main", 3)])), "kill pod");
  assert.equal(
    decide(testPod({ restartPolicy: "OnFailure", ...two }), testView([exited("a", 0), exited("b", 0)])),
    "kill pod",
  );
});

test("a container's own policy and rules come before the pod's", () => {
  const own = testPod({ restartPolicy: "Never", containers: [testContainer("main", { restartPolicy: "OnFailure" })] });
  assert.equal(decide(own, testView([exited("main", 1)])), "start main");
  const rules = [{ action: "Restart", exitCodes: { operator: "In", values: [42] } }];
  const ruled = testPod({
    containers: [testContainer("main", { restartPolicy: "Never", restartPolicyRules: rules } as object)],
  });
  assert.equal(decide(ruled, testView([exited("main", 42)])), "start main");
  assert.equal(decide(ruled, testView([exited("main", 1)])), "kill pod");
});

test("a container that never started, or whose state is unknown, is made again", () => {
  assert.equal(decide(testPod(), testView([testStatus("main", { state: "created" })])), "start main");
  assert.match(
    decide(testPod(), testView([testStatus("main", { state: "unknown" })])),
    /^kill main \(Container is in "unknown" state.*start main$/,
  );
});

test("init containers come one after another and in order", () => {
  const pod = testPod({ initContainers: [testContainer("i1"), testContainer("i2")] });
  assert.equal(decide(pod, empty), "kill pod, sandbox 0, init i1");
  assert.equal(decide(pod, testView([])), "init i1");
  assert.equal(decide(pod, testView([running("i1")])), "nothing");
  assert.equal(decide(pod, testView([exited("i1", 0)])), "init i2");
  assert.equal(decide(pod, testView([exited("i2", 0), exited("i1", 0)])), "start main");
  assert.equal(decide(pod, testView([running("main"), exited("i2", 0), exited("i1", 0)])), "nothing");
  assert.equal(decide(pod, testView([running("main")])), "nothing", "their records may be gone once the pod runs");
});

test("a failed init container is tried again, unless the pod never restarts", () => {
  const containers = { initContainers: [testContainer("i1")] };
  assert.equal(decide(testPod(containers), testView([exited("i1", 1)])), "init i1");
  assert.equal(decide(testPod({ ...containers, restartPolicy: "Never" }), testView([exited("i1", 1)])), "kill pod");
});

test("in a new sandbox, initialization starts over", () => {
  const pod = testPod({ initContainers: [testContainer("i1")] });
  const renewed = [testSandbox({ id: "s1", attempt: 1 }), testSandbox({ ready: false })];
  assert.equal(decide(pod, testView([exited("main", 137), exited("i1", 0)], renewed)), "init i1");
  assert.equal(
    decide(pod, testView([exited("i1", 0, { sandboxId: "s1" }), exited("main", 137)], renewed)),
    "start main",
  );
});

test("sidecars hold back what follows until they have started, and run on beside it", () => {
  const side = testContainer("side", { restartPolicy: "Always", startupProbe: {} });
  const pod = testPod({ initContainers: [side, testContainer("i2")] });
  assert.equal(decide(pod, testView([])), "init side");
  assert.equal(decide(pod, testView([running("side")])), "nothing");
  assert.equal(decide(pod, testView([running("side")]), { startup: { "side-0": "success" } }), "init i2");
  const up = [running("main"), exited("i2", 0)];
  assert.equal(decide(pod, testView([...up, exited("side", 1)])), "init side");
  assert.equal(
    decide(pod, testView([...up, running("side")]), {
      liveness: { "side-0": "failure" },
      startup: { "side-0": "success" },
    }),
    "kill side (Init container side failed liveness probe, will be restarted), init side",
  );
});

test("sidecars do not keep a pod alive whose regular containers are done", () => {
  const pod = testPod({ restartPolicy: "Never", initContainers: [testContainer("side", { restartPolicy: "Always" })] });
  assert.equal(decide(pod, testView([exited("main", 0), running("side")])), "kill pod");
  assert.equal(decide(pod, testView([exited("main", 0), exited("side", 0)])), "kill pod");
});

test("a failed probe or a changed definition ends a container", () => {
  const view = testView([running("main")]);
  assert.equal(
    decide(testPod(), view, { liveness: { "main-0": "failure" } }),
    "kill main (Container main failed liveness probe, will be restarted), start main",
  );
  assert.equal(
    decide(testPod(), view, { startup: { "main-0": "failure" } }),
    "kill main (Container main failed startup probe, will be restarted), start main",
  );
  assert.equal(
    decide(testPod({ restartPolicy: "Never" }), view, { liveness: { "main-0": "failure" } }),
    "kill pod, kill main (Container main failed liveness probe)",
  );
  const changed = testPod({ containers: [testContainer("main", { image: "main:2" })] });
  assert.equal(decide(changed, view), "kill main (Container main definition changed, will be restarted), start main");
});

test("ephemeral containers start once, whatever the others do", () => {
  const pod = testPod({
    initContainers: [testContainer("i1")],
    ephemeralContainers: [{ name: "debug", image: "debug:1" }],
  });
  assert.equal(decide(pod, testView([running("i1")])), "ephemeral debug");
  assert.equal(decide(pod, testView([running("i1"), exited("debug", 1)])), "nothing");
});
