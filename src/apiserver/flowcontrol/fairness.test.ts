import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowSchema, PriorityLevelConfiguration } from "../../api/index.ts";
import { VirtualClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import type { FlowDecision } from "../handlers/pipeline.ts";
import { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";
import { parseRequestInfo } from "../request/info.ts";
import { Query } from "../request/query.ts";
import { mandatory, suggested } from "./bootstrap.ts";
import { Fairness } from "./fairness.ts";
import { flowMetrics } from "./flow-metrics.ts";
import { seatLimits } from "./limits.ts";
import { seatsOf } from "./width.ts";

const objects = {
  levels: [...mandatory.levels, ...suggested.levels],
  schemas: [...mandatory.schemas, ...suggested.schemas],
};
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, "system:authenticated"] });
const neverAborted = new AbortController().signal;

function fairnessOn(clock: VirtualClock): { fairness: Fairness; registry: MetricsRegistry } {
  const registry = new MetricsRegistry();
  const metrics = flowMetrics(registry);
  return {
    fairness: new Fairness({ clock, metrics, serverSeats: 600, waitMsMax: 15_000, objectsOf: () => 0 }),
    registry,
  };
}

function contextOf(asking: UserInfo, method: string, target: string, signal = neverAborted): LiveContext {
  const [path = "", text = ""] = target.split("?");
  const peer = { remoteAddress: "", clientCertificates: [] };
  const request = { method, target, headers: {}, peer, signal, body: async () => new Uint8Array() };
  return new LiveContext(request, parseRequestInfo(method, path, new Query(text)), asking, 0, "id");
}

test("requests of a cluster find the flows that upstream puts them into", () => {
  const { fairness } = fairnessOn(new VirtualClock());
  const node = user("system:node:a", "system:nodes");
  const account = (name: string) => user(`system:serviceaccount:${name}`, "system:serviceaccounts");
  const pods = "/api/v1/namespaces/default/pods";
  const lease = "/apis/coordination.k8s.io/v1/namespaces/x/leases/a";
  const expected: readonly (readonly [UserInfo, string, string, string])[] = [
    [user("admin", "system:masters"), "GET", pods, "exempt"],
    [user("anyone"), "GET", "/readyz", "probes"],
    [user("anyone"), "GET", pods, "global-default"],
    [node, "PATCH", "/api/v1/nodes/a/status", "system-node-high"],
    [node, "PUT", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/a", "system-node-high"],
    [node, "GET", pods, "system-nodes"],
    [user("system:kube-controller-manager"), "GET", pods, "kube-controller-manager"],
    [user("system:kube-controller-manager"), "PUT", lease, "system-leader-election"],
    [user("system:kube-controller-manager"), "PUT", "/api/v1/namespaces/x/endpoints/a", "endpoint-controller"],
    [user("system:kube-scheduler"), "GET", pods, "kube-scheduler"],
    [account("kube-system:dns"), "GET", pods, "kube-system-service-accounts"],
    [account("apps:web"), "GET", pods, "service-accounts"],
    [{ name: "nobody", groups: ["strangers"] }, "GET", pods, "none"],
  ];
  for (const [asking, method, target, flow] of expected) {
    const { info } = contextOf(asking, method, target);
    assert.equal(fairness.classify(asking, info)?.name ?? "none", flow, `${asking.name} ${method} ${target}`);
    assert.equal(fairness.classify(asking, info)?.name ?? "none", flow, "and again, from memory");
  }
});

test("seats are shared as upstream computes them", () => {
  const limits = seatLimits(
    objects.levels.map(({ metadata, spec }) => ({ name: metadata.name ?? "", spec })),
    600,
  );
  const nominal = Object.fromEntries([...limits].map(([name, limit]) => [name, limit.nominal]));
  assert.deepEqual(nominal, {
    exempt: 0,
    "catch-all": 13,
    system: 74,
    "node-high": 98,
    "leader-election": 25,
    "workload-high": 98,
    "workload-low": 245,
    "global-default": 49,
  });
  assert.deepEqual(limits.get("workload-low"), { nominal: 245, lower: 24, upper: 845 });
});

test("lists are as wide as what they list", () => {
  const wide = (target: string, objectsStored: number) => {
    const { info } = contextOf(user("a"), "GET", target);
    return seatsOf(info, new Query(target.split("?")[1] ?? ""), 245, () => objectsStored);
  };
  assert.equal(wide("/api/v1/pods", 90), 1);
  assert.equal(wide("/api/v1/pods", 450), 5);
  assert.equal(wide("/api/v1/pods", 150_000), 10);
  assert.equal(wide("/api/v1/pods?limit=200", 150_000), 2);
  assert.equal(wide("/api/v1/pods?limit=200&labelSelector=a", 150_000), 10);
  assert.equal(wide("/api/v1/namespaces/a/pods/b", 150_000), 1);
  assert.equal(wide("/api/v1/pods?watch=1&sendInitialEvents=true", 450), 5);
});

const small: PriorityLevelConfiguration = {
  metadata: { name: "small", uid: "level-uid" },
  spec: {
    type: "Limited",
    limited: {
      nominalConcurrencyShares: 1,
      borrowingLimitPercent: 0,
      limitResponse: { type: "Queue", queuing: { queues: 1, handSize: 1, queueLengthLimit: 1 } },
    },
  },
};
const toSmall: FlowSchema = {
  metadata: { name: "to-small", uid: "schema-uid" },
  spec: {
    priorityLevelConfiguration: { name: "small" },
    matchingPrecedence: 50,
    distinguisherMethod: { type: "ByUser" },
    rules: [
      {
        subjects: [{ kind: "User", user: { name: "slow" } }],
        resourceRules: [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"], clusterScope: true }],
      },
    ],
  },
};

test("a full level lets wait, refuses, times out, and lets go on", async () => {
  const clock = new VirtualClock();
  const { fairness, registry } = fairnessOn(clock);
  fairness.configure([...objects.levels, small], [...objects.schemas, toSmall]);
  const ask = (signal?: AbortSignal) => {
    const context = contextOf(user("slow"), "GET", "/api/v1/namespaces/a/pods/b", signal);
    return { context, decision: fairness.decide(context, new Query("")) };
  };
  // One of 246 shares of 600 seats: three seats.
  const running = [ask(), ask(), ask()].map(({ decision }) => decision as FlowDecision);
  assert.ok(running.every(({ type }) => type === "go"));
  const waiting = ask();
  assert.deepEqual(waiting.context.flow?.headers, {
    "x-kubernetes-pf-flowschema-uid": "schema-uid",
    "x-kubernetes-pf-prioritylevel-uid": "level-uid",
  });
  const over = (await ask().decision) as Extract<FlowDecision, { type: "refused" }>;
  assert.equal(over.response.status, 429);
  assert.equal(over.response.headers["retry-after"], "1");
  const [first, second] = running;
  if (first?.type === "go") first.release();
  const went = await waiting.decision;
  assert.equal(went.type, "go");

  const late = ask().decision;
  await clock.advance(15_000);
  assert.equal((await late).type, "refused");
  const leaving = new AbortController();
  const left = ask(leaving.signal).decision;
  leaving.abort();
  assert.equal((await left).type, "refused");
  if (second?.type === "go") second.release();
  assert.equal((await ask().decision).type, "go");
  const text = registry.render().body;
  for (const reason of ["queue-full", "time-out", "cancelled"]) {
    const series = `apiserver_flowcontrol_rejected_requests_total{priority_level="small",flow_schema="to-small",reason="${reason}"} 1`;
    assert.ok(text.includes(series), series);
  }
});

test("a schema without its level is passed over, and what is mandatory is always there", () => {
  const { fairness } = fairnessOn(new VirtualClock());
  fairness.configure([], [toSmall]);
  const { info } = contextOf(user("slow"), "GET", "/api/v1/pods");
  assert.equal(fairness.classify(user("slow"), info)?.name, "catch-all");
  assert.deepEqual(
    [...fairness.levels].map(({ name }) => name),
    ["exempt", "catch-all"],
  );
});

test("streams are let through, watches only wait to begin", () => {
  const { fairness } = fairnessOn(new VirtualClock());
  const exec = contextOf(user("a"), "POST", "/api/v1/namespaces/a/pods/b/exec?command=sh");
  assert.equal((fairness.decide(exec, new Query("")) as FlowDecision).type, "go");
  assert.equal(exec.flow, undefined);
  const watch = contextOf(user("a"), "GET", "/api/v1/pods?watch=true");
  assert.equal((fairness.decide(watch, new Query("watch=true")) as FlowDecision).type, "go");
  assert.equal([...fairness.levels].find(({ name }) => name === "global-default")?.queues?.executing, 1);
});
