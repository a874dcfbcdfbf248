import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Client } from "../../../client/index.ts";
import {
  type Answer,
  HookServer,
  jsonPatch,
  startStandardControlPlane,
  type TestControlPlane,
} from "../../../testing/index.ts";

const hooks = new HookServer();
let plane: TestControlPlane;
let client: Client;

const collection = (resource: string) =>
  client.resource<KubeObject>({ group: "", version: "v1", resource }).namespace("default");
const pod = (name: string) =>
  ({
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name, labels: { app: "web" } } },
    spec: { containers: [{ name: "main", image: "main" }] },
  }) as unknown as KubeObject & { spec: { containers: { name: string; volumeMounts?: object[] }[] } };

const paths = () => hooks.seen.map(({ path }) => path.slice(1).split(".")[0]);
const again = { reinvocationPolicy: "IfNeeded" };
const label = (key: string, value: string) => jsonPatch([{ op: "add", path: `/metadata/labels/${key}`, value }]);
/** Each of these webhooks sets a label of its own name, once. */
const labelOnce: Answer = ({ object }, path) => {
  const key = path.slice(1).split(".")[0] ?? "";
  return object?.metadata.labels?.[key] === undefined ? label(key, "x") : { allowed: true };
};
const hook = (name: string, more: object = {}) => hooks.hook(`${name}.example.com`, ["pods"], more);

describe("a second pass of mutating admission", () => {
  before(async () => {
    await hooks.start();
    plane = await startStandardControlPlane();
    client = plane.client;
    await collection("serviceaccounts").create({
      ...{ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "default" } },
    } as KubeObject);
  });
  after(async () => {
    await plane.stop();
    await hooks.stop();
  });
  beforeEach(() => {
    hooks.answer = labelOnce;
  });

  it("calls those that asked for it and ran before a change, each once more", async () => {
    await hooks.with(client, "Mutating", [hook("a", again), hook("b"), hook("c", again)], async () => {
      await collection("pods").create(pod("one"));
      // The last one changed nothing but by itself.
      assert.deepEqual(paths(), ["a", "b", "c", "a"]);
    });
  });

  it("does not come where nothing asks for it, or nothing changes", async () => {
    await hooks.with(client, "Mutating", [hook("a"), hook("b")], async () => {
      await collection("pods").create(pod("two"));
      assert.deepEqual(paths(), ["a", "b"]);
    });
    hooks.answer = () => ({ allowed: true });
    await hooks.with(client, "Mutating", [hook("a", again), hook("b", again)], async () => {
      await collection("pods").create(pod("three"));
      assert.deepEqual(paths(), ["a", "b"]);
    });
  });

  it("calls nobody for the first time, and ends there", async () => {
    const selective = { ...again, objectSelector: { matchLabels: { b: "x" } } };
    let count = 0;
    hooks.answer = (_, path) =>
      label(path.slice(1).split(".")[0] ?? "", path === "/b.example.com" ? "x" : `${count++}`);
    await hooks.with(client, "Mutating", [hook("late", selective), hook("a", again), hook("b", again)], async () => {
      await collection("pods").create(pod("four"));
      assert.deepEqual(paths(), ["a", "b", "a", "b"]);
    });
  });

  it("has the built-in plug-ins look at what webhooks added", async () => {
    const container = { name: "side", image: "side" };
    hooks.answer = ({ object }) =>
      (object?.["spec"] as { containers: object[] }).containers.length === 1
        ? jsonPatch([{ op: "add", path: "/spec/containers/-", value: container }])
        : { allowed: true };
    await hooks.with(client, "Mutating", [hook("inject")], async () => {
      const made = (await collection("pods").create(pod("five"))) as unknown as ReturnType<typeof pod>;
      const mounted = made.spec.containers.map(({ name, volumeMounts }) => [name, volumeMounts?.length]);
      assert.deepEqual(mounted, [
        ["main", 1],
        ["side", 1],
      ]);
    });
  });

  it("calls a webhook again where only built-in plug-ins changed what it left", async () => {
    const container = { name: "side", image: "side" };
    hooks.answer = ({ object }) =>
      (object?.["spec"] as { containers: object[] }).containers.length === 1
        ? jsonPatch([{ op: "add", path: "/spec/containers/-", value: container }])
        : { allowed: true };
    await hooks.with(client, "Mutating", [hook("inject", again)], async () => {
      await collection("pods").create(pod("six"));
      assert.deepEqual(paths(), ["inject", "inject"]);
    });
  });
});
