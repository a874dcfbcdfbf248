import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ComponentStatus } from "../../../api/index.ts";
import { RealClock, RealNetwork } from "../../../base/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../../testing/index.ts";
import { httpsProbe } from "../../health/component-probes.ts";

let plane: TestControlPlane;
const resource = { group: "", version: "v1", resource: "componentstatuses" };

before(async () => {
  const components = {
    scheduler: async () => ({ healthy: true, message: "ok" }),
    // Nothing listens there.
    "controller-manager": httpsProbe(new RealNetwork(), new RealClock(), 1),
  };
  plane = await startStandardControlPlane({ more: { components } });
});

after(() => plane.stop());

async function raw(path: string, accept = "application/json") {
  const { status, headers, body } = await plane.client.raw({ method: "GET", path, headers: { accept } });
  return { status, headers, bytes: Buffer.from(body), json: () => JSON.parse(Buffer.from(body).toString()) as unknown };
}

const refused = 'Get "https://127.0.0.1:1/healthz": dial tcp 127.0.0.1:1: connect: connection refused';

test("every component is asked, and the store is one of them", async () => {
  const { items } = await plane.client.resource<ComponentStatus>(resource).list();
  const told = items.map(({ metadata: { name }, conditions = [] }) => [
    name,
    conditions[0]?.status,
    conditions[0]?.message,
  ]);
  assert.deepEqual(told, [
    ["scheduler", "True", "ok"],
    ["controller-manager", "False", refused],
    ["etcd-0", "True", "ok"],
  ]);
  assert.equal(items[0]?.metadata.resourceVersion, undefined);
});

test("one by name; selectors choose; tables show the columns of kubectl", async () => {
  const path = "/api/v1/componentstatuses";
  const one = await raw(`${path}/etcd-0`);
  assert.deepEqual(one.json(), {
    kind: "ComponentStatus",
    apiVersion: "v1",
    metadata: { name: "etcd-0" },
    conditions: [{ type: "Healthy", status: "True", message: "ok" }],
  });
  await assert.rejects(plane.client.resource(resource).get("nope"), { message: 'componentstatus "nope" not found' });
  assert.deepEqual((await raw(`${path}?labelSelector=a%3Db`)).json(), {
    kind: "ComponentStatusList",
    apiVersion: "v1",
    metadata: {},
    items: [],
  });
  const chosen = `${path}?fieldSelector=metadata.name%3Dscheduler`;
  const table = (await raw(chosen, "application/json;as=Table;v=v1;g=meta.k8s.io")).json() as {
    columnDefinitions: readonly { name: string }[];
    rows: readonly { cells: readonly unknown[] }[];
  };
  assert.deepEqual(
    table.columnDefinitions.map(({ name }) => name),
    ["Name", "Status", "Message", "Error"],
  );
  assert.deepEqual(
    table.rows.map(({ cells }) => cells),
    [["scheduler", "Healthy", "ok", ""]],
  );
  const watched = await raw(`${path}?watch=1`);
  assert.equal(watched.status, 405);
  assert.match(watched.bytes.toString(), /watch is not supported on resources of kind \\"componentstatuses\\"/);
  const encoded = await raw(chosen, "application/vnd.kubernetes.protobuf");
  assert.match(encoded.bytes.toString("latin1"), /^k8s\0.*ComponentStatusList.*scheduler.*Healthy/s);
});
