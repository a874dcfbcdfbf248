import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startStandardControlPlane, type TestControlPlane } from "../../testing/index.ts";

let plane: TestControlPlane;

before(async () => {
  plane = await startStandardControlPlane();
});

after(() => plane.stop());

test("/statusz says what runs; the root names it", async () => {
  const get = async (path: string, accept: string) => {
    const { status, body } = await plane.client.raw({ method: "GET", path, headers: { accept } });
    return { status, text: Buffer.from(body).toString() };
  };
  const { status, text } = await get("/statusz", "text/plain");
  assert.equal(status, 200);
  assert.match(text, /^\napiserver statusz\n/);
  assert.match(text, /\nPaths: \/healthz \/livez \/metrics \/readyz \/statusz \/version\n$/);
  const structured = await get("/statusz", "application/json;as=Statusz;v=v1beta1;g=config.k8s.io");
  assert.equal((JSON.parse(structured.text) as { kind: string }).kind, "Statusz");
  assert.equal((await get("/statusz", "application/json")).status, 406);
  const { paths } = JSON.parse((await get("/", "application/json")).text) as { paths: readonly string[] };
  assert.ok(paths.includes("/statusz") && !paths.includes("/flagz"), "there are no flags in this process");
});
