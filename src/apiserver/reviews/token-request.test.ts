import assert from "node:assert/strict";
import { after, before, describe, it, test } from "node:test";
import { loadScheme } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { RealClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import { ask, startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import type { AuditEvent } from "../audit/contract.ts";
import { AuditPolicy, createAuditor } from "../audit/index.ts";

const object = (kind: string, name: string, more: object = {}) =>
  ({ apiVersion: "v1", kind, metadata: { name }, ...more }) as unknown as KubeObject;

describe("requests for tokens", () => {
  let plane: TestControlPlane;

  before(async () => {
    plane = await startStandardControlPlane();
    const core = (resource: string) =>
      plane.client.resource<KubeObject>({ group: "", version: "v1", resource }).namespace("default");
    for (const name of ["default", "other"]) await core("serviceaccounts").create(object("ServiceAccount", name));
    const spec = { serviceAccountName: "other", containers: [{ name: "c", image: "i" }] };
    await core("pods").create(object("Pod", "p", { spec }));
  });
  after(() => plane.stop());

  async function ask(body: object): Promise<string> {
    const path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    const headers = { "content-type": "application/json" };
    const reply = await plane.client.raw({
      method: "POST",
      path,
      headers,
      body: JSON.stringify({ spec: {}, ...body }),
    });
    const answer = JSON.parse(Buffer.from(reply.body).toString()) as { message?: string };
    return `${reply.status} ${answer.message ?? ""}`;
  }
  const bound = (boundObjectRef: object) => ask({ spec: { boundObjectRef } });

  it("are of the account in the path", async () => {
    assert.equal(await ask({ metadata: { name: "default", namespace: "default" } }), "201 ");
    assert.equal(
      await ask({ metadata: { name: "other" } }),
      '422 TokenRequest.authentication.k8s.io "default" is invalid: metadata.name: Invalid value: "other": must match the service account name if specified',
    );
    assert.equal(
      await ask({ metadata: { namespace: "other" } }),
      "400 the namespace of the provided object does not match the namespace sent on the request",
    );
    assert.match(
      await ask({ metadata: { uid: "x" } }),
      /^409 .*the UID in the token request \(x\) does not match the UID/,
    );
  });

  it("are bound to what can be, and to pods of that account only", async () => {
    assert.equal(
      await bound({ kind: "Pod", apiVersion: "v1", name: "p" }),
      '400 cannot bind token for serviceaccount "default" to pod running with different serviceaccount name.',
    );
    assert.equal(await bound({}), "400 cannot bind token to object of type /, Kind=");
    const deployment = { kind: "Pod", apiVersion: "apps/v1", name: "p" };
    assert.equal(await bound(deployment), "400 cannot bind token to object of type apps/v1, Kind=Pod");
  });
});

test("audit tells which token was issued", async () => {
  const events: AuditEvent[] = [];
  const record = (event: AuditEvent): undefined => void events.push(event);
  const audit = createAuditor({
    policy: AuditPolicy.parse("{ apiVersion: audit.k8s.io/v1, kind: Policy, rules: [{ level: Metadata }] }"),
    backends: [{ name: "test", record, run: () => Promise.resolve() }],
    scheme: loadScheme(),
    clock: new RealClock(),
    metrics: new MetricsRegistry(),
  });
  const plane = await startStandardControlPlane({ more: { audit } });
  try {
    const path = "/api/v1/namespaces/default/serviceaccounts";
    await ask(plane, { method: "POST", path, body: '{"metadata":{"name":"a"}}' });
    const answer = await ask(plane, { method: "POST", path: `${path}/a/token`, body: "{}" });
    const [, payload = ""] = answer.json<{ status: { token: string } }>().status.token.split(".");
    const { jti } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { readonly jti: string };
    const told = events.flatMap(
      ({ annotations }) => annotations?.["authentication.kubernetes.io/issued-credential-id"] ?? [],
    );
    assert.deepEqual([...new Set(told)], [`JTI=${jti}`]);
  } finally {
    await plane.stop();
  }
});
