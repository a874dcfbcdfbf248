import assert from "node:assert/strict";
import { test } from "node:test";
import type { DaemonSet, Node, Pod } from "../../api/index.ts";
import { type Fixture, makeReady, withControllers } from "../fixture.ts";
import { nodeNameOf } from "./daemon-pod.ts";
import { daemonSetController } from "./daemonset-controller.ts";

function agent(spec: Partial<DaemonSet["spec"]> = {}): DaemonSet {
  const labels = { app: "agent" };
  return {
    metadata: { name: "agent", namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "agent", image: "agent:1" }] } },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
      revisionHistoryLimit: 10,
      ...spec,
    },
  };
}

function node(name: string, taints: Node["spec"]["taints"] = []): Node {
  return { metadata: { name, labels: { disk: name === "c" ? "hdd" : "ssd" } }, spec: { taints } };
}

async function start(fixture: Fixture, set: DaemonSet): Promise<void> {
  await fixture.put("nodes", node("a"), node("b"), node("c"));
  await fixture.put("daemonsets", set);
  await run(fixture);
}

async function run(fixture: Fixture): Promise<void> {
  await fixture.settle();
  for (const pod of fixture.all("pods")) {
    if (pod.status?.phase === undefined) {
      fixture.force("pods", `default/${pod.metadata.name}`, (changed) => {
        changed.spec.nodeName = nodeNameOf(changed);
      });
      makeReady(fixture, pod);
    }
  }
  await fixture.settle();
}

function nodes(fixture: Fixture): string[] {
  return fixture.all("pods").map(nodeNameOf).sort();
}

const images = (fixture: Fixture): string[] =>
  fixture
    .all("pods")
    .map(({ spec }) => spec.containers[0]?.image ?? "")
    .sort();

test("one daemon on every node that fits, also on those that come, none on those that no longer do", async () => {
  await withControllers([daemonSetController], async (fixture) => {
    await start(fixture, agent());
    assert.deepEqual(nodes(fixture), ["a", "b", "c"]);
    const { status } = fixture.get("daemonsets", "default/agent") ?? agent();
    assert.deepEqual(
      [status?.desiredNumberScheduled, status?.numberReady, status?.numberAvailable, status?.updatedNumberScheduled],
      [3, 3, 3, 3],
    );
    const [pod] = fixture.all("pods");
    assert.equal(pod?.spec.tolerations?.length, 6);
    assert.match(pod?.metadata.labels?.["controller-revision-hash"] ?? "", /^[a-z0-9]+$/);
    assert.equal(fixture.all("controllerrevisions").length, 1);
    await fixture.put(
      "nodes",
      node("d", [{ key: "gpu", effect: "NoSchedule" }]),
      node("e", [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }]),
    );
    await run(fixture);
    assert.deepEqual(nodes(fixture), ["a", "b", "c", "e"]);
    fixture.force("nodes", "a", (changed) => {
      changed.spec.taints = [{ key: "gpu", effect: "NoSchedule" }];
    });
    fixture.force("nodes", "b", (changed) => {
      changed.spec.taints = [{ key: "gpu", effect: "NoExecute" }];
    });
    await run(fixture);
    assert.deepEqual(nodes(fixture), ["a", "c", "e"]);
    assert.equal(fixture.get("daemonsets", "default/agent")?.status?.numberMisscheduled, 1);
  });
});

test("a node selector leaves nodes out", async () => {
  await withControllers([daemonSetController], async (fixture) => {
    const set = agent();
    set.spec.template.spec.nodeSelector = { disk: "ssd" };
    await start(fixture, set);
    assert.deepEqual(nodes(fixture), ["a", "b"]);
  });
});

test("a rolling update replaces one after the other", async () => {
  await withControllers([daemonSetController], async (fixture) => {
    await start(fixture, agent());
    await fixture.change("daemonsets", "default/agent", (changed) => {
      changed.spec.template.spec.containers = [{ name: "agent", image: "agent:2" }];
    });
    const seen: string[] = [];
    for (let round = 0; round < 12; round += 1) {
      await fixture.settle();
      const ready = fixture.all("pods").filter(({ status }) => status?.phase === "Running").length;
      assert.ok(ready >= 2, `${ready} ready`);
      await run(fixture);
      seen.push(images(fixture).join(" "));
    }
    assert.equal(seen.at(-1), "agent:2 agent:2 agent:2");
    assert.deepEqual(
      fixture.all("controllerrevisions").map(({ revision }) => revision),
      [1, 2],
    );
  });
});

test("a surging update has the new one ready before the old one goes", async () => {
  await withControllers([daemonSetController], async (fixture) => {
    await start(
      fixture,
      agent({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } }),
    );
    await fixture.change("daemonsets", "default/agent", (changed) => {
      changed.spec.template.spec.containers = [{ name: "agent", image: "agent:2" }];
    });
    for (let round = 0; round < 12; round += 1) {
      await fixture.settle();
      const ready = new Set(
        fixture
          .all("pods")
          .filter(({ status }) => status?.phase === "Running")
          .map(nodeNameOf),
      );
      assert.equal(ready.size, 3);
      assert.ok(fixture.all("pods").length <= 4);
      await run(fixture);
    }
    assert.deepEqual(images(fixture), ["agent:2", "agent:2", "agent:2"]);
  });
});

test("a failed daemon is replaced, with growing waits", async () => {
  await withControllers([daemonSetController], async (fixture) => {
    await start(fixture, agent());
    const fail = (): Pod | undefined => {
      const pod = fixture.all("pods").find((one) => nodeNameOf(one) === "a");
      fixture.force("pods", `default/${pod?.metadata.name}`, (changed) => {
        changed.status = { ...changed.status, phase: "Failed" };
      });
      return pod;
    };
    const first = fail();
    await run(fixture);
    assert.ok(
      fixture
        .events("agent")
        .includes(
          `Warning FailedDaemonPod: Found failed daemon pod default/${first?.metadata.name} on node a, will try to kill it`,
        ),
    );
    assert.notEqual(fixture.all("pods").find((one) => nodeNameOf(one) === "a")?.metadata.name, first?.metadata.name);
    const second = fail();
    await fixture.settle();
    assert.ok(fixture.get("pods", `default/${second?.metadata.name}`), "waits a second");
    await fixture.advance(1_500);
    assert.equal(fixture.get("pods", `default/${second?.metadata.name}`), undefined);
  });
});
