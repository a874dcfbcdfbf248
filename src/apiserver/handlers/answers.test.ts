import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ask, startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";

let plane: TestControlPlane;

before(async () => {
  plane = await startStandardControlPlane({ more: { advertiseAddress: "192.0.2.1:6443" } });
});
after(() => plane.stop());

/** Whether browsers are told not to guess what an answer is. */
async function sniffed(path: string, headers: Record<string, string>, groups: readonly string[]): Promise<string> {
  const response = await plane.server.handler({
    method: "GET",
    target: path,
    headers,
    peer: { remoteAddress: "127.0.0.1", clientCertificates: [] },
    signal: new AbortController().signal,
    user: { name: "someone", groups },
    body: () => Promise.resolve(new Uint8Array()),
  });
  return `${response.status} ${response.headers["x-content-type-options"] ?? "sniffed"}`;
}

test("refusals before any handler is asked are not to be sniffed", async () => {
  const path = "/api/v1/namespaces/default/pods/none";
  assert.equal(await sniffed(path, {}, ["system:authenticated"]), "403 nosniff");
  assert.equal(
    await sniffed(path, { "impersonate-group": "g" }, ["system:masters", "system:authenticated"]),
    "400 nosniff",
  );
  assert.equal(await sniffed(path, {}, ["system:masters", "system:authenticated"]), "404 sniffed");
  assert.equal(await sniffed("/healthz/ping", {}, ["system:masters", "system:authenticated"]), "200 sniffed");
  assert.equal(await sniffed("/healthz", {}, ["system:masters", "system:authenticated"]), "200 nosniff");
});

test("a list of bare metadata has no items where there are none", async () => {
  const headers = { accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" };
  const { text } = await ask(plane, { path: "/api/v1/namespaces/default/pods", headers });
  assert.equal((JSON.parse(text) as { items: unknown }).items, null);
});

test("what is never stored has no version that it is stored in", async () => {
  const { resources } = (await ask(plane, { path: "/api/v1" })).json<{
    resources: readonly { readonly name: string; readonly storageVersionHash?: string }[];
  }>();
  const hashed = (name: string) => resources.find((one) => one.name === name)?.storageVersionHash !== undefined;
  assert.deepEqual(["componentstatuses", "configmaps"].map(hashed), [false, true]);
});

test("the issuer's keys are found where the server is", async () => {
  const { jwks_uri: uri } = (await ask(plane, { path: "/.well-known/openid-configuration" })).json<{
    jwks_uri: string;
  }>();
  assert.equal(uri, "https://192.0.2.1:6443/openid/v1/jwks");
});
