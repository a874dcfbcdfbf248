import assert from "node:assert/strict";
import { test } from "node:test";
import { loadScheme } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { RealClock, RealRandom, silentLog } from "../../base/index.ts";
import { isForbidden } from "../../client/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import { createMemoryStore } from "../../storage/index.ts";
import { type AuditEvent, AuditPolicy, createAuditor } from "../audit/index.ts";
import { createApiServer } from "../server.ts";
import { createLocalClient } from "./local-client.ts";

type ConfigMap = KubeObject & { data?: Record<string, string> };

const policy = AuditPolicy.parse(`
apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: None
    verbs: [get]
  - level: Metadata
    verbs: [delete]
    omitStages: [RequestReceived]
  - level: Request
    verbs: [update]
    omitStages: [RequestReceived]
  - level: RequestResponse
    verbs: [create, patch, list, watch]
    omitStages: [RequestReceived]
`);

async function withServer(
  work: (parts: { client: ReturnType<typeof createLocalClient>; events: AuditEvent[] }) => Promise<void>,
  stored?: () => Promise<boolean>,
): Promise<void> {
  const clock = new RealClock();
  const events: AuditEvent[] = [];
  const record = (event: AuditEvent) => {
    events.push(event);
    return stored?.();
  };
  const backends = [{ name: "test", record, run: async () => {} }];
  const metrics = new MetricsRegistry();
  const server = createApiServer({
    store: createMemoryStore({ clock }),
    clock,
    random: new RealRandom(),
    log: silentLog,
    authenticator: { name: "test", authenticate: () => ({ type: "none" }) },
    authorizer: {
      name: "test",
      authorize: ({ resource }) =>
        resource === "secrets" ? { decision: "no-opinion", reason: "" } : { decision: "allow", reason: "because" },
    },
    runtime: { nodeVersion: "26", architecture: "x64" },
    audit: createAuditor({ policy, backends, scheme: loadScheme(), clock, metrics }),
    metrics,
  });
  const stopping = new AbortController();
  const running = server.run(stopping.signal);
  await server.started;
  const user = { name: "system:kube-scheduler", groups: ["system:authenticated"] };
  await work({ client: createLocalClient(server, { user, userAgent: "kube-scheduler" }), events });
  stopping.abort();
  await running;
}

const configMaps = { group: "", version: "v1", resource: "configmaps" };

test("calls from within the process are recorded like requests", () =>
  withServer(async ({ client, events }) => {
    const maps = client.resource<ConfigMap>(configMaps).namespace("default");
    const given: ConfigMap = { metadata: { name: "a" }, data: { x: "1" } };
    const made = await maps.create(given, { fieldManager: "f" });
    given.data = { x: "changed later" };
    const [created] = events;
    assert.equal(created?.level, "RequestResponse");
    assert.equal(created?.stage, "ResponseComplete");
    assert.equal(created?.verb, "create");
    assert.equal(created?.requestURI, "/api/v1/namespaces/default/configmaps?fieldManager=f");
    assert.deepEqual(created?.user, { username: "system:kube-scheduler", groups: ["system:authenticated"] });
    assert.equal(created?.userAgent, "kube-scheduler");
    assert.deepEqual(created?.objectRef, {
      resource: "configmaps",
      namespace: "default",
      name: "a",
      apiVersion: "v1",
    });
    assert.deepEqual(created?.responseStatus, { metadata: {}, code: 201 });
    assert.deepEqual(created?.requestObject, {
      metadata: { name: "a" },
      data: { x: "1" },
      kind: "ConfigMap",
      apiVersion: "v1",
    });
    assert.equal((created?.responseObject as ConfigMap).metadata.uid, made.metadata.uid);
    assert.deepEqual(created?.annotations, {
      "authorization.k8s.io/decision": "allow",
      "authorization.k8s.io/reason": "because",
    });

    await maps.get("a");
    assert.equal(events.length, 1, "the policy leaves reads out");

    await maps.update({ ...made, data: { x: "2" } });
    const [, updated] = events;
    assert.equal(updated?.level, "Request");
    assert.equal(updated?.requestURI, "/api/v1/namespaces/default/configmaps/a");
    assert.equal(updated?.objectRef?.resourceVersion, made.metadata.resourceVersion);
    assert.deepEqual((updated?.requestObject as ConfigMap).data, { x: "2" });
    assert.equal(updated?.responseObject, undefined);

    await maps.patch("a", { type: "merge", body: { data: { x: "3" } } });
    assert.deepEqual(events[2]?.requestObject, { data: { x: "3" } });
    assert.deepEqual((events[2]?.responseObject as ConfigMap).data, { x: "3" });

    await maps.delete("a", { gracePeriodSeconds: 0 });
    const [, , , deleted] = events;
    assert.equal(deleted?.level, "Metadata");
    assert.equal(deleted?.requestObject, undefined);
    assert.equal(deleted?.responseObject, undefined);
    assert.equal(deleted?.objectRef?.name, "a");
  }));

test("refusals and failures are recorded with their status", () =>
  withServer(async ({ client, events }) => {
    const secrets = client.resource({ group: "", version: "v1", resource: "secrets" }).namespace("default");
    await assert.rejects(secrets.delete("s"), isForbidden);
    assert.equal(events[0]?.responseStatus?.code, 403);
    assert.equal(events[0]?.responseStatus?.reason, "Forbidden");
    assert.equal(events[0]?.annotations?.["authorization.k8s.io/decision"], "forbid");
    await assert.rejects(client.resource(configMaps).namespace("default").delete("none"));
    assert.equal(events[1]?.responseStatus?.message, 'configmaps "none" not found');
  }));

test("a watch is recorded when it begins and when it ends", () =>
  withServer(async ({ client, events }) => {
    const maps = client.resource<ConfigMap>(configMaps);
    await maps.namespace("default").create({ metadata: { name: "a" } });
    events.length = 0;
    const { items, metadata } = await maps.list();
    assert.equal((events[0]?.responseObject as { items: unknown[] }).items.length, items.length);
    await maps.namespace("default").create({ metadata: { name: "b" } });
    for await (const event of maps.watch({ resourceVersion: metadata.resourceVersion ?? "" })) {
      assert.equal(event.type, "ADDED");
      break;
    }
    const stages = events.filter(({ verb }) => verb === "watch").map(({ stage }) => stage);
    assert.deepEqual(stages, ["ResponseStarted", "ResponseComplete"]);
    const { requestURI } = events.at(-1) ?? {};
    assert.equal(requestURI, `/api/v1/configmaps?resourceVersion=${metadata.resourceVersion}&watch=true`);
  }));

test("a backend that has requests wait has inner calls wait as well", async () => {
  let stored = Promise.withResolvers<boolean>();
  await withServer(
    async ({ client }) => {
      const maps = client.resource<ConfigMap>(configMaps).namespace("default");
      let done = false;
      const creating = maps.create({ metadata: { name: "a" } }).then(() => {
        done = true;
      });
      await maps.get("a").catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(done, false);
      stored.resolve(true);
      await creating;
      stored = Promise.withResolvers();
    },
    () => stored.promise,
  );
});
