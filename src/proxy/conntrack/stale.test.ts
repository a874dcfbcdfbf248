import assert from "node:assert/strict";
import { test } from "node:test";
import { renderService } from "../rules/render.ts";
import { service, slice, testConfig } from "../testing/objects.ts";
import { staleFlows } from "./stale.ts";

const ports = [{ name: "dns", port: 53, protocol: "UDP" as const, nodePort: 30_053 }];
const state = (endpoints: readonly string[], spec = {}) =>
  renderService(
    {
      service: service("dns", { type: "NodePort", ports, ...spec }),
      slices: [slice("dns", endpoints, { name: "dns", port: 5353, protocol: "UDP" })],
    },
    testConfig,
    undefined,
  );

test("flows to an endpoint that is gone are stale, by cluster IP and node port", () => {
  assert.deepEqual(staleFlows(state(["10.0.0.1", "10.0.0.2"]), state(["10.0.0.2"])), [
    { destination: "10.212.0.1", port: 53, endpoint: "10.0.0.1" },
    { destination: undefined, port: 30_053, endpoint: "10.0.0.1" },
  ]);
  assert.equal(staleFlows(state(["10.0.0.1"]), []).length, 2);
});

test("flows from before the first endpoint are stale", () => {
  assert.deepEqual(staleFlows(state([]), state(["10.0.0.1"])), [
    { destination: "10.212.0.1", port: 53, endpoint: undefined },
    { destination: undefined, port: 30_053, endpoint: undefined },
  ]);
});

test("an endpoint more, or a TCP port, leaves nothing stale", () => {
  assert.deepEqual(staleFlows(state(["10.0.0.1"]), state(["10.0.0.1", "10.0.0.2"])), []);
  const tcp = { ports: [{ name: "http", port: 80 }] };
  const web = (endpoints: readonly string[]) =>
    renderService({ service: service("web", tcp), slices: [slice("web", endpoints)] }, testConfig, undefined);
  assert.deepEqual(staleFlows(web(["10.0.0.1"]), web([])), []);
});
