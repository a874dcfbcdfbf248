import assert from "node:assert/strict";
import { test } from "node:test";
import { slice } from "../testing/objects.ts";
import { chooseEndpoints, endpointsOf } from "./endpoints.ts";

const node = { name: "node-1", zone: "a" };
const choose = (endpoints: Parameters<typeof slice>[1], where = node) => {
  const { cluster, local, any } = chooseEndpoints(
    endpointsOf([slice("web", endpoints)], "http", "tcp", where.name),
    where,
  );
  return { cluster: cluster.map(({ address }) => address), local: local.map(({ address }) => address), any };
};
const at = (address: string, nodeName: string, conditions = {}, hints = {}) => ({
  addresses: [address],
  nodeName,
  conditions,
  hints,
});

test("an endpoint that several slices hold counts once; other ports and protocols do not count", () => {
  const slices = [
    slice("web", ["10.0.0.2", "10.0.0.1"]),
    slice("web", ["10.0.0.1"]),
    slice("web", ["10.0.0.3"], { protocol: "UDP" }),
  ];
  assert.deepEqual(
    endpointsOf(slices, "http", "tcp", "node-1").map(({ address }) => address),
    ["10.0.0.1", "10.0.0.2"],
  );
  assert.deepEqual(endpointsOf(slices, "metrics", "tcp", "node-1"), []);
});

test("unknown readiness is readiness", () => {
  assert.deepEqual(choose([at("10.0.0.1", "node-1")]).cluster, ["10.0.0.1"]);
});

test("endpoints that terminate but serve are used only when none is ready, here and everywhere", () => {
  const leaving = { ready: false, serving: true, terminating: true };
  assert.deepEqual(choose([at("10.0.0.1", "node-1", leaving), at("10.0.0.2", "node-2")]), {
    cluster: ["10.0.0.2"],
    local: ["10.0.0.1"],
    any: true,
  });
  assert.deepEqual(choose([at("10.0.0.1", "node-2", leaving)]), { cluster: ["10.0.0.1"], local: [], any: true });
  assert.deepEqual(choose([at("10.0.0.1", "node-1", { ready: false, serving: true })]), {
    cluster: [],
    local: [],
    any: false,
  });
});

test("zone hints narrow the choice only when every endpoint has them and some are for this zone", () => {
  const zone = (name: string) => ({ forZones: [{ name }] });
  const both = [at("10.0.0.1", "node-1", {}, zone("a")), at("10.0.0.2", "node-2", {}, zone("b"))];
  assert.deepEqual(choose(both).cluster, ["10.0.0.1"]);
  assert.deepEqual(choose(both, { name: "node-9", zone: "c" }).cluster, ["10.0.0.1", "10.0.0.2"]);
  assert.deepEqual(choose([...both, at("10.0.0.3", "node-3")]).cluster.length, 3);
});

test("node hints come before zone hints", () => {
  const hints = (nodeName: string) => ({ forZones: [{ name: "a" }], forNodes: [{ name: nodeName }] });
  const both = [at("10.0.0.1", "node-1", {}, hints("node-1")), at("10.0.0.2", "node-2", {}, hints("node-2"))];
  assert.deepEqual(choose(both).cluster, ["10.0.0.1"]);
  assert.deepEqual(choose(both, { name: "node-3", zone: "a" }).cluster, ["10.0.0.1", "10.0.0.2"]);
});
