import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodStatus } from "../types.ts";
import { statusPatch } from "./patch.ts";

const condition = (type: string, status: string, more = {}) => ({
  type,
  status,
  lastTransitionTime: "2020-01-01T00:00:00Z",
  ...more,
});

test("equal statuses need no patch, however the server spells emptiness", () => {
  const own: PodStatus = {
    phase: "Running",
    containerStatuses: [{ name: "a", lastState: {}, state: {}, ready: true, restartCount: 0, image: "", imageID: "" }],
  };
  const server = {
    phase: "Running",
    containerStatuses: [{ name: "a", state: {}, ready: true, restartCount: 0, image: "", imageID: "" }],
  } as PodStatus;
  assert.equal(statusPatch("u", server, own), undefined);
  const probed = { conditions: [{ ...condition("Ready", "True"), lastProbeTime: null }] } as unknown as PodStatus;
  assert.equal(statusPatch("u", probed, { conditions: [condition("Ready", "True")] }), undefined);
});

test("only conditions that changed are sent, and what they no longer say is withdrawn", () => {
  const from: PodStatus = {
    conditions: [
      condition("Ready", "False", { reason: "ContainersNotReady", message: "x" }),
      condition("PodScheduled", "True"),
    ],
  };
  const to: PodStatus = { conditions: [condition("Ready", "True"), condition("PodScheduled", "True")] };
  assert.deepEqual(statusPatch("u", from, to), {
    metadata: { uid: "u" },
    status: {
      conditions: [{ ...condition("Ready", "True"), reason: null, message: null }],
      "$setElementOrder/conditions": [{ type: "Ready" }, { type: "PodScheduled" }],
    },
  });
});

test("addresses that are gone are deleted by name; fields of others are left alone", () => {
  const from = { podIP: "10.0.0.1", podIPs: [{ ip: "10.0.0.1" }], nominatedNodeName: "n2" } as PodStatus;
  const to: PodStatus = { podIP: "10.0.0.2", podIPs: [{ ip: "10.0.0.2" }] };
  assert.deepEqual(statusPatch("u", from, to), {
    metadata: { uid: "u" },
    status: { podIP: "10.0.0.2", podIPs: [{ ip: "10.0.0.2" }, { ip: "10.0.0.1", $patch: "delete" }] },
  });
});

test("a message that is over is taken back", () => {
  assert.deepEqual(statusPatch("u", { phase: "Failed", message: "x" }, { phase: "Failed" }), {
    metadata: { uid: "u" },
    status: { message: null },
  });
});
