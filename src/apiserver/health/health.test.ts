import assert from "node:assert/strict";
import { test } from "node:test";
import { startControlPlane, startStandardControlPlane } from "../../testing/index.ts";

test("health checks are told as metrics of their own", async () => {
  const plane = await startControlPlane();
  const get = async (path: string): Promise<string> =>
    Buffer.from((await plane.client.raw({ method: "GET", path })).body).toString();
  let well = true;
  plane.server.health.add({ name: "extra", check: () => (well ? undefined : "unwell") });
  assert.equal(await get("/readyz"), "ok");
  well = false;
  assert.match(await get("/readyz"), /\[-\]extra failed: reason withheld/);
  const shown = await get("/metrics/slis");
  for (const line of [
    'kubernetes_healthcheck{name="extra",type="readyz"} 0',
    'kubernetes_healthcheck{name="ping",type="readyz"} 1',
    'kubernetes_healthchecks_total{name="extra",type="readyz",status="success"} 1',
    'kubernetes_healthchecks_total{name="extra",type="readyz",status="error"} 1',
  ]) {
    assert.ok(shown.includes(`${line}\n`), line);
  }
  assert.ok(!(await get("/metrics")).includes("kubernetes_healthcheck"));
  await plane.stop();
});

test("each check has a path of its own, which the root names", async () => {
  const plane = await startControlPlane();
  const get = async (path: string) => {
    const { status, body } = await plane.client.raw({ method: "GET", path });
    return { status, text: Buffer.from(body).toString() };
  };
  plane.server.health.add({ name: "poststarthook/rbac/roles", check: () => undefined });
  const { paths } = JSON.parse((await get("/")).text) as { readonly paths: readonly string[] };
  const hook = "/readyz/poststarthook/rbac/roles";
  for (const path of ["/livez", "/livez/ping", "/readyz/shutdown", hook]) {
    assert.ok(paths.includes(path), path);
    assert.deepEqual(await get(path), { status: 200, text: "ok" });
  }
  assert.ok(!paths.includes("/livez/shutdown"), "only where it counts");
  assert.deepEqual(paths, paths.toSorted());
  await plane.stop();
});

test("the server of a cluster lists upstream's checks in upstream's order", async () => {
  const plane = await startStandardControlPlane();
  const get = async (path: string) => {
    const { status, body } = await plane.client.raw({ method: "GET", path });
    return { status, text: Buffer.from(body).toString() };
  };
  const names = async (root: string) =>
    (await get(`/${root}?verbose`)).text.split("\n").flatMap((line) => /^\[\+\](\S+) ok$/.exec(line)?.[1] ?? []);
  const readyz = await names("readyz");
  assert.deepEqual(readyz.slice(0, 7), [
    ...["ping", "log", "etcd", "etcd-readiness", "informer-sync"],
    "poststarthook/start-apiserver-admission-initializer",
    "poststarthook/generic-apiserver-start-informers",
  ]);
  assert.deepEqual(readyz.slice(-4), [
    "autoregister-completion",
    "poststarthook/apiservice-openapi-controller",
    "poststarthook/apiservice-openapiv3-controller",
    "shutdown",
  ]);
  const rest = readyz.filter((name) => !["etcd-readiness", "informer-sync", "shutdown"].includes(name));
  assert.deepEqual(await names("livez"), rest);
  assert.deepEqual(await get("/readyz/poststarthook/crd-informer-synced"), { status: 200, text: "ok" });
  for (const path of ["/readyz/ping/", "/livez/etcd-readiness", "/readyz/poststarthook/nope"]) {
    assert.deepEqual(await get(path), { status: 404, text: "404 page not found\n" }, path);
  }
  assert.match(
    (await get("/healthz?verbose&exclude=etcd&exclude=b&exclude=a,c")).text,
    /\n\[\+\]etcd excluded: ok\n[^]*\nwarn: some health checks cannot be excluded: no matches for "a,c","b"\nhealthz check passed\n$/,
  );
  await plane.stop();
});
