import assert from "node:assert/strict";
import { test } from "node:test";
import type { Secret } from "../../api/index.ts";
import { withControllers } from "../fixture.ts";
import { legacyServiceAccountTokenCleanerController } from "./legacy-serviceaccount-token-cleaner-controller.ts";
import { cleanerStep, secretNamesOf } from "./step.ts";

const dayMs = 86_400_000;
const now = Date.parse("2030-06-15T12:00:00Z");
const lastUsed = "kubernetes.io/legacy-token-last-used";
const invalidSince = "kubernetes.io/legacy-token-invalid-since";

function secret(labels: Record<string, string> = {}, changes: Partial<Secret["metadata"]> = {}): Secret {
  const annotations = { "kubernetes.io/service-account.name": "web" };
  const metadata = { name: "token", namespace: "default", creationTimestamp: "2020-01-01T00:00:00Z" };
  return { type: "kubernetes.io/service-account-token", metadata: { ...metadata, annotations, labels, ...changes } };
}

const account = { metadata: { name: "web", namespace: "default" }, secrets: [{ name: "token" }] };

function step(object: Secret, changes: Partial<Parameters<typeof cleanerStep>[0]> = {}): string {
  const made = cleanerStep({ secret: object, account, mounted: new Set(), now, periodMs: 10 * dayMs, ...changes });
  return made.type === "invalidate" ? `invalidate ${made.since}` : made.type;
}

test("unused tokens of the old kind are marked, and go a period later; all others stay", () => {
  assert.equal(step(secret()), "invalidate 2030-06-15");
  assert.equal(step(secret({ [invalidSince]: "not a date" })), "invalidate 2030-06-15");
  assert.equal(step(secret({ [invalidSince]: "2030-06-05" })), "keep");
  assert.equal(step(secret({ [invalidSince]: "2030-06-04" })), "delete");
  assert.equal(step(secret({ [invalidSince]: "2030-06-04", [lastUsed]: "2030-06-05" })), "keep");
  assert.equal(step(secret({ [invalidSince]: "2030-06-04", [lastUsed]: "2030-06-04" })), "delete");
  assert.equal(step(secret({ [lastUsed]: "2030-02-31" })), "keep");
  assert.equal(step(secret({}, { creationTimestamp: "2030-06-06T00:00:00Z" })), "keep");
  assert.equal(step(secret({}, { deletionTimestamp: "2030-06-06T00:00:00Z" })), "keep");
  assert.equal(step({ ...secret(), type: "Opaque" }), "keep");
  assert.equal(step(secret(), { account: { ...account, secrets: [] } }), "keep");
  assert.equal(step(secret(), { account: undefined }), "keep");
  assert.equal(step(secret(), { mounted: new Set(["token"]) }), "keep");
});

test("a pod uses the secrets of its volumes, variables and images", () => {
  const names = secretNamesOf({
    metadata: {},
    spec: {
      imagePullSecrets: [{ name: "pull" }],
      initContainers: [{ name: "i", envFrom: [{ secretRef: { name: "from" } }] }],
      containers: [{ name: "c", env: [{ name: "e", valueFrom: { secretKeyRef: { name: "key", key: "k" } } }] }],
      volumes: [
        { name: "a", secret: { secretName: "volume" } },
        { name: "b", projected: { sources: [{ secret: { name: "projected" } }] } },
        { name: "c", csi: { driver: "d", nodePublishSecretRef: { name: "csi" } } },
      ],
    },
  });
  assert.deepEqual([...names].sort(), ["csi", "from", "key", "projected", "pull", "volume"]);
});

test("nothing is cleaned up before uses have been noted for a period; then once a day", async () => {
  await withControllers(
    [legacyServiceAccountTokenCleanerController],
    async (fixture) => {
      const labels = () => fixture.get("secrets", "default/token")?.metadata.labels?.[invalidSince];
      const since = new Date(fixture.clock.now()).toISOString().slice(0, 10);
      const tracking = "kube-apiserver-legacy-service-account-token-tracking";
      await fixture.put("configmaps", { metadata: { name: tracking, namespace: "kube-system" }, data: { since } });
      await fixture.put("serviceaccounts", account);
      await fixture.put("secrets", secret({}, { creationTimestamp: "1969-01-01T00:00:00Z" }));
      await fixture.advance(2 * dayMs);
      assert.equal(labels(), undefined);
      await fixture.advance(2 * dayMs);
      assert.match(labels() ?? "", /^\d{4}-\d\d-\d\d$/);
      await fixture.advance(4 * dayMs);
      assert.equal(fixture.get("secrets", "default/token"), undefined);
    },
    { config: { legacyTokenCleanUpPeriodMs: 2 * dayMs } },
  );
});
