import assert from "node:assert/strict";
import { test } from "node:test";
import type { CustomResourceDefinition } from "../../api/index.ts";
import type { KubeList, KubeObject } from "../../apimachinery/index.ts";
import { ask, startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";
import { definition, definitionsResource, established } from "./testing/definitions.ts";

const path = "/apis/example.com/v1/namespaces/default/widgets";

/** The text of a list, however it is written. */
async function listText(plane: TestControlPlane, query: string): Promise<string> {
  const response = await plane.server.handler({
    method: "GET",
    target: `${path}${query}`,
    headers: {},
    peer: { remoteAddress: "127.0.0.1", clientCertificates: [] },
    signal: new AbortController().signal,
    user: { name: "admin", groups: ["system:masters"] },
    body: () => Promise.resolve(new Uint8Array()),
  });
  assert.equal(response.body.type, "parts");
  if (response.body.type !== "parts") return "";
  const text = Buffer.concat(Array.from(response.body.parts, (part) => Buffer.from(part))).toString();
  assert.equal(Buffer.byteLength(text), response.body.length);
  return text;
}

test("items of lists of custom resources say their kind", async () => {
  const plane = await startStandardControlPlane();
  try {
    const schema = { type: "object", properties: { spec: { type: "object", properties: { n: { type: "integer" } } } } };
    const definitions = plane.client.resource<CustomResourceDefinition>(definitionsResource);
    await definitions.create(definition("widgets", "example.com", { kind: "Widget", schema }));
    await established(plane.client, "widgets.example.com");
    const type = { apiVersion: "example.com/v1", kind: "Widget" };
    const count = 150;
    for (let n = 0; n < count; n++) {
      const body = JSON.stringify({ ...type, metadata: { name: `w${1000 + n}` }, spec: { n } });
      assert.equal((await ask(plane, { method: "POST", path, body })).status, 201);
    }
    const list = JSON.parse(await listText(plane, "")) as KubeList<KubeObject & { spec: { n: number } }>;
    assert.deepEqual([list.kind, list.metadata.continue], ["WidgetList", ""]);
    assert.deepEqual(
      list.items.map(({ kind, apiVersion, spec }) => ({ kind, apiVersion, n: spec.n })),
      Array.from({ length: count }, (_, n) => ({ ...type, n })),
    );
    const first = JSON.parse(await listText(plane, "?limit=1")) as KubeList<KubeObject>;
    assert.notEqual(first.metadata.continue, "");
    assert.deepEqual([first.items.length, first.items[0]?.kind], [1, "Widget"]);
    assert.deepEqual(JSON.parse(await listText(plane, "?labelSelector=a%3Db")).items, []);
    const { text } = await ask(plane, { path: `${path}?limit=1`, headers: { accept: "application/yaml" } });
    assert.match(text, /^- apiVersion: example\.com\/v1\n {2}kind: Widget$/m);
  } finally {
    await plane.stop();
  }
});
