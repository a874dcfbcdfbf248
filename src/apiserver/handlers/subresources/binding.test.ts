import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../api/index.ts";
import { ask, startStandardControlPlane } from "../../../testing/index.ts";

test("a binding names its pod and a node, and takes away the hint where the pod may go", async () => {
  const plane = await startStandardControlPlane();
  const pods = "/api/v1/namespaces/default/pods";
  const post = (path: string, object: object) => ask(plane, { method: "POST", path, body: JSON.stringify(object) });
  const bind = async (metadata: object, target: object) => {
    const answer = await post(`${pods}/p/binding`, { apiVersion: "v1", kind: "Binding", metadata, target });
    return [answer.status, answer.json<{ message?: string }>().message];
  };
  try {
    await post("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } });
    const created = await post(pods, { metadata: { name: "p" }, spec: { containers: [{ name: "c", image: "x:1" }] } });
    const pod = created.json<Pod>();
    const hinted = { ...pod, status: { ...pod.status, nominatedNodeName: "hint" } };
    const written = await ask(plane, { method: "PUT", path: `${pods}/p/status`, body: JSON.stringify(hinted) });
    assert.equal(written.json<Pod>().status?.nominatedNodeName, "hint");
    assert.deepEqual(await bind({}, { name: "n" }), [400, "name in URL does not match name in Binding object"]);
    assert.deepEqual(await bind({ name: "p" }, {}), [500, "target.name: Required value"]);
    assert.deepEqual(await bind({ name: "p" }, { kind: "Pod" }), [
      500,
      '[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", target.name: Required value]',
    ]);
    assert.deepEqual(await bind({ name: "p" }, { kind: "Node", name: "n" }), [201, undefined]);
    const { spec, status } = (await ask(plane, { path: `${pods}/p` })).json<Pod>();
    assert.deepEqual([spec.nodeName, status?.nominatedNodeName], ["n", undefined]);
  } finally {
    await plane.stop();
  }
});
