import assert from "node:assert/strict";
import { test } from "node:test";
import type { FlowSchema, PriorityLevelConfiguration } from "../../api/index.ts";
import { VirtualClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import { OpenWatches } from "../handlers/open-watches.ts";
import type { FlowDecision } from "../handlers/pipeline.ts";
import { LiveContext } from "../request/context.ts";
import type { UserInfo } from "../request/contract.ts";
import { parseRequestInfo } from "../request/info.ts";
import { Query } from "../request/query.ts";
import { mandatory, suggested } from "./bootstrap.ts";
import { Fairness } from "./fairness.ts";
import { flowMetrics } from "./flow-metrics.ts";
import { seatLimits } from "./limits.ts";
import { type WorkSources, workOf } from "./width.ts";

const objects = {
  levels: [...mandatory.levels, ...suggested.levels],
  schemas: [...mandatory.schemas, ...suggested.schemas],
};
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, "system:authenticated"] });
const neverAborted = new AbortController().signal;

const sources: WorkSources = { stored: () => ({ count: 0, averageBytes: 0 }), watchers: () => 0 };

function fairnessOn(clock: VirtualClock, sourcesOf = sources): { fairness: Fairness; registry: MetricsRegistry } {
  const registry = new MetricsRegistry();
  const metrics = flowMetrics(registry);
  return {
    fairness: new Fairness({ clock, metrics, serverSeats: 600, waitMsMax: 15_000, sources: sourcesOf }),
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
    [user("system:kube-controller-manager"), "PUT", "/api/v1/namespaces/x/endpoints/a", "kube-controller-manager"],
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

test("a request's seats are bounded by its level, whose hand must not be too wide", () => {
  const most = Object.fromEntries(
    [...fairnessOn(new VirtualClock()).fairness.levels].map(({ name, requestSeatsMax }) => [name, requestSeatsMax]),
  );
  assert.deepEqual(most, {
    exempt: Number.POSITIVE_INFINITY,
    "catch-all": Number.POSITIVE_INFINITY,
    system: 12,
    "node-high": 15,
    "leader-election": 4,
    "workload-high": 15,
    "workload-low": 37,
    "global-default": 8,
  });
});

/** Objects of ten kilobytes, as in upstream's tables of cases. */
const tenKilobytes = 10_000;

test("lists are as wide as what they hold at once", () => {
  const wide = (target: string, count: number, seatsMax = 100, averageBytes = tenKilobytes): number => {
    const { info } = contextOf(user("a"), "GET", target);
    const sources = { stored: () => ({ count, averageBytes }), watchers: () => 0 };
    return workOf(info, new Query(target.split("?")[1] ?? ""), seatsMax, sources).seats;
  };
  const events = "/apis/events.k8s.io/v1/events";
  const cases: readonly (readonly [string, number, number])[] = [
    [`${events}`, 0, 1],
    [`${events}`, 79, 8],
    [`${events}`, 799, 10],
    [`${events}?limit=20`, 399, 2],
    [`${events}?limit=20&resourceVersion=0`, 399, 2],
    [`${events}?limit=20&labelSelector=a`, 399, 2],
    [`${events}?resourceVersion=1&resourceVersionMatch=NotOlderThan`, 799, 10],
    [`${events}?resourceVersion=1&limit=399`, 699, 40],
    [`${events}?continue=token&limit=399`, 699, 40],
    [`${events}?continue=token&limit=100&fieldSelector=reason=a`, 699, 35],
    [`${events}?resourceVersion=1&resourceVersionMatch=Exact`, 5000, 100],
    [`${events}?resourceVersionMatch=foo`, 200, 20],
    [`${events}?limit=invalid`, 1, 100],
    ["/api/v1/namespaces/a/pods?fieldSelector=metadata.name=b", 5000, 1],
    ["/api/v1/pods?watch=1&sendInitialEvents=true", 79, 8],
    ["/api/v1/pods?watch=1&sendInitialEvents=true", 799, 10],
    ["/api/v1/pods?watch=1&resourceVersion=5", 799, 1],
    ["/api/v1/pods?watch=1&resourceVersion=5&sendInitialEvents=true", 799, 10],
    ["/api/v1/pods?watch=1&resourceVersion=0", 799, 10],
    ["/api/v1/pods?watch=1", 799, 10],
    ["/api/v1/namespaces/a/pods/b", 799, 1],
  ];
  for (const [target, count, seats] of cases) assert.equal(wide(target, count), seats, target);
  assert.equal(wide(`${events}?resourceVersion=1&resourceVersionMatch=Exact`, 5000, 20), 20, "the level's bound");
  assert.equal(wide(events, 1, 100, 0), 10, "a size that is not known is the largest");
  assert.equal(wide(`${events}?continue=token`, 1, 100, 0), 15);
});

test("writes are as wide as they have watchers, narrower and longer at their level's bound", () => {
  const work = (method: string, target: string, watchers: number, seatsMax = 100) => {
    const { info } = contextOf(user("a"), method, target);
    return workOf(info, new Query(""), seatsMax, { ...sources, watchers: () => watchers });
  };
  const pods = "/api/v1/namespaces/a/pods";
  assert.deepEqual(work("POST", pods, 9), { seats: 1, afterMs: 0 });
  assert.deepEqual(work("POST", pods, 10), { seats: 1, afterMs: 5 });
  assert.deepEqual(work("PATCH", `${pods}/b/status`, 29), { seats: 3, afterMs: 5 });
  assert.deepEqual(work("DELETE", `${pods}/b`, 1_000), { seats: 10, afterMs: 50 });
  assert.deepEqual(work("PUT", `${pods}/b`, 29, 2), { seats: 2, afterMs: 7.5 });
  assert.deepEqual(work("POST", "/api/v1/namespaces/a/serviceaccounts/b/token", 100), { seats: 1, afterMs: 0 });
  assert.deepEqual(work("GET", `${pods}/b`, 100), { seats: 1, afterMs: 0 });
});

test("seats stay taken for the events of a write", async () => {
  const clock = new VirtualClock();
  const { fairness, registry } = fairnessOn(clock, { ...sources, watchers: () => 30 });
  const context = contextOf(user("a"), "POST", "/api/v1/namespaces/a/pods");
  const decision = (await fairness.decide(context, new Query(""))) as FlowDecision;
  const taken = (): string | undefined =>
    /^apiserver_flowcontrol_current_executing_seats\{priority_level="global-default".*\} (\d+)$/m.exec(
      registry.render().body,
    )?.[1];
  assert.equal(taken(), "3");
  if (decision.type === "go") decision.release();
  assert.equal(taken(), "3");
  await clock.advance(5);
  assert.equal(taken(), "0");
});

test("watches count where they concern a change, until they end", () => {
  const watches = new OpenWatches();
  const pods = { group: "", resource: "pods", namespace: "", name: "" };
  const watch = { finish: () => {} };
  const scopes = [pods, pods, { ...pods, namespace: "a" }, { ...pods, namespace: "a", name: "b" }];
  const registers = scopes.map((scope) => watches.counting(scope));
  for (const register of registers) register.add(watch);
  const interested = (namespace: string, name: string) => watches.interested({ ...pods, namespace, name });
  assert.deepEqual([interested("a", "b"), interested("a", ""), interested("c", "b"), interested("", "")], [4, 3, 2, 2]);
  assert.equal(watches.interested({ ...pods, resource: "nodes" }), 0);
  for (const register of registers) register.delete(watch);
  assert.equal(interested("a", "b"), 0);
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
