import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Client } from "../../../client/index.ts";
import { HookServer, jsonPatch, startStandardControlPlane, type TestControlPlane } from "../../../testing/index.ts";

const hooks = new HookServer();
let plane: TestControlPlane;
let client: Client;

const configMaps = () => client.resource({ group: "", version: "v1", resource: "configmaps" }).namespace("default");
const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { a: "b" } });

const rules = [
  {
    operations: ["CREATE", "UPDATE"],
    apiGroups: [""],
    apiVersions: ["v1"],
    resources: ["configmaps"],
    scope: "Namespaced",
  },
];

function withWebhook(kind: "Mutating" | "Validating", more: object, work: () => Promise<void>): Promise<void> {
  return hooks.with(client, kind, [hooks.hook("hook.example.com", [], { rules, timeoutSeconds: 30, ...more })], work);
}

describe("admission webhooks", () => {
  before(async () => {
    await hooks.start();
    plane = await startStandardControlPlane();
    client = plane.client;
  });
  after(async () => {
    await plane.stop();
    await hooks.stop();
  });

  it("change what is created, and what they add is validated and stored", async () => {
    hooks.answer = () => jsonPatch([{ op: "add", path: "/data/added", value: "yes" }]);
    await withWebhook("Mutating", {}, async () => {
      const created = (await configMaps().create(configMap("changed"))) as KubeObject & { data: unknown };
      assert.deepEqual(created.data, { a: "b", added: "yes" });
      assert.equal(hooks.seen[0]?.request.operation, "CREATE");
      assert.equal(hooks.seen[0]?.request.options?.["kind"], "CreateOptions");
      assert.equal(hooks.seen[0]?.request.object?.kind, "ConfigMap");
    });
  });

  it("refuse with their own words", async () => {
    hooks.answer = () => ({ allowed: false, status: { message: "not today", code: 403 } });
    await withWebhook("Validating", {}, async () => {
      await assert.rejects(configMaps().create(configMap("refused")), {
        message: 'admission webhook "hook.example.com" denied the request: not today',
        code: 403,
      });
    });
  });

  it("fail closed or open, as they are told", async () => {
    const broken = { clientConfig: { url: "https://127.0.0.1:1/x" } };
    await withWebhook("Validating", { ...broken, failurePolicy: "Fail" }, async () => {
      await assert.rejects(configMaps().create(configMap("closed")), {
        code: 500,
        message:
          /^Internal error occurred: failed calling webhook "hook\.example\.com": failed to call webhook: Post "https:\/\/127\.0\.0\.1:1\/x\?timeout=30s": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
      });
    });
    await withWebhook("Validating", { ...broken, failurePolicy: "Ignore" }, async () => {
      await configMaps().create(configMap("open"));
    });
  });

  it("are asked only for what their rules and selectors match", async () => {
    hooks.answer = () => ({ allowed: false });
    const selector = { objectSelector: { matchLabels: { guarded: "yes" } } };
    await withWebhook("Validating", selector, async () => {
      await configMaps().create(configMap("free"));
      const guarded = { ...configMap("guarded"), metadata: { name: "guarded", labels: { guarded: "yes" } } };
      await assert.rejects(configMaps().create(guarded), {
        message: 'admission webhook "hook.example.com" denied the request without explanation',
      });
      await client
        .resource({ group: "", version: "v1", resource: "secrets" })
        .namespace("default")
        .create({
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "other", labels: { guarded: "yes" } },
        });
      assert.equal(hooks.seen.length, 1);
    });
  });

  it("with side effects are refused, so that dry runs stay dry", async () => {
    await assert.rejects(
      withWebhook("Validating", { sideEffects: "Some" }, async () => {}),
      {
        code: 422,
        message: /webhooks\[0\]\.sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"$/,
      },
    );
  });
});
