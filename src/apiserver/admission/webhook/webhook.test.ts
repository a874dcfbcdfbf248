import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { createRealPlatform } from "../../../base/index.ts";
import type { Client } from "../../../client/index.ts";
import { CertificateAuthority, createAuthority } from "../../../component/index.ts";
import { startStandardControlPlane, type TestControlPlane } from "../../../testing/index.ts";

interface Review {
  request: {
    uid: string;
    name: string;
    operation: string;
    dryRun: boolean;
    object: KubeObject | null;
    userInfo: { username: string };
  };
}

const platform = createRealPlatform();
const group = "admissionregistration.k8s.io";
const authority = createAuthority({ commonName: "webhook-ca" }, 86_400_000, platform);
let server: Server;
let plane: TestControlPlane;
let client: Client;
let answer: (review: Review) => object;
const seen: Review[] = [];

function config(kind: "Mutating" | "Validating", more: object = {}) {
  const { port } = server.address() as AddressInfo;
  const webhook = {
    name: "hook.example.com",
    clientConfig: {
      url: `https://localhost:${port}/admit`,
      caBundle: Buffer.from(authority.certificate).toString("base64"),
    },
    rules: [
      {
        operations: ["CREATE", "UPDATE"],
        apiGroups: [""],
        apiVersions: ["v1"],
        resources: ["configmaps"],
        scope: "Namespaced",
      },
    ],
    sideEffects: "None",
    admissionReviewVersions: ["v1"],
    timeoutSeconds: 2,
    ...more,
  };
  return {
    apiVersion: `${group}/v1`,
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: "test" },
    webhooks: [webhook],
  };
}

const configurations = (kind: "Mutating" | "Validating") =>
  client.resource({ group, version: "v1", resource: `${kind.toLowerCase()}webhookconfigurations` });
const configMaps = () => client.resource({ group: "", version: "v1", resource: "configmaps" }).namespace("default");
const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { a: "b" } });

async function withWebhook(kind: "Mutating" | "Validating", more: object, work: () => Promise<void>): Promise<void> {
  seen.length = 0;
  await configurations(kind).create(config(kind, more) as never);
  try {
    await work();
  } finally {
    await configurations(kind).delete("test");
  }
}

describe("admission webhooks", () => {
  before(async () => {
    const ca = new CertificateAuthority(authority.certificate, createPrivateKey(authority.key), platform);
    const { certificate, key } = ca.issue({
      subject: { commonName: "hook" },
      validityMs: 3_600_000,
      usages: ["server auth"],
      names: { dnsNames: ["localhost"], ipAddresses: [] },
    });
    server = createServer({ key, cert: certificate }, (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const review = JSON.parse(Buffer.concat(chunks).toString()) as Review;
        seen.push(review);
        const body = {
          apiVersion: "admission.k8s.io/v1",
          kind: "AdmissionReview",
          response: { uid: review.request.uid, ...answer(review) },
        };
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    plane = await startStandardControlPlane();
    client = plane.client;
  });
  after(async () => {
    await plane.stop();
    server.closeAllConnections();
    server.close();
  });

  it("change what is created, and what they add is validated and stored", async () => {
    answer = () => ({
      allowed: true,
      patchType: "JSONPatch",
      patch: Buffer.from(JSON.stringify([{ op: "add", path: "/data/added", value: "yes" }])).toString("base64"),
    });
    await withWebhook("Mutating", {}, async () => {
      const created = (await configMaps().create(configMap("changed"))) as KubeObject & { data: unknown };
      assert.deepEqual(created.data, { a: "b", added: "yes" });
      assert.equal(seen[0]?.request.operation, "CREATE");
      assert.equal(seen[0]?.request.object?.kind, "ConfigMap");
    });
  });

  it("refuse with their own words", async () => {
    answer = () => ({ allowed: false, status: { message: "not today", code: 403 } });
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
          /^Internal error occurred: failed calling webhook "hook\.example\.com": failed to call webhook: Post "https:\/\/127\.0\.0\.1:1\/x\?timeout=2s": dial tcp 127\.0\.0\.1:1: connect: connection refused$/,
      });
    });
    await withWebhook("Validating", { ...broken, failurePolicy: "Ignore" }, async () => {
      await configMaps().create(configMap("open"));
    });
  });

  it("are asked only for what their rules and selectors match", async () => {
    answer = () => ({ allowed: false });
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
      assert.equal(seen.length, 1);
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
