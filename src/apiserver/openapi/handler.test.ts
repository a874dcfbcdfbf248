import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, startControlPlane } from "../../testing/index.ts";

const protobuf = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

test("OpenAPI v3 documents come as protobuf to who wants that most", async () => {
  const plane = await startControlPlane();
  try {
    const path = "/openapi/v3/apis/apps/v1";
    const textFor = async (accept: string): Promise<string> => (await ask(plane, { path, headers: { accept } })).text;
    // Protobuf's fields 1 and 2: a text of five bytes and an object.
    const begins = new RegExp(`^\n${String.fromCharCode(5)}3\\.0\\.0${String.fromCharCode(0x12)}[^]{1,30}Kubernetes`);
    assert.match(await textFor(protobuf), begins);
    assert.match(await textFor("application/com.github.proto-openapi.spec.v3@v1.0+protobuf"), begins);
    assert.match(await textFor(`application/json;q=0.1, ${protobuf}`), begins);
    assert.match(await textFor(`${protobuf};q=0.1, application/json`), /^\{"openapi":"3\.0\.0"/);
    assert.equal((await ask(plane, { path, headers: { accept: "application/vnd.kubernetes.protobuf" } })).status, 406);
    assert.equal((await ask(plane, { path: "/openapi/v3/apis/nope/v1" })).status, 404);
    assert.equal((await ask(plane, { path: `${path}?hash=` })).status, 200);
    assert.equal((await ask(plane, { path: `${path}?hash=other` })).status, 301);
  } finally {
    await plane.stop();
  }
});
