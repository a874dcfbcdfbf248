import assert from "node:assert/strict";
import { test } from "node:test";
import { type Client, typed } from "../../../client/index.ts";
import { startStandardControlPlane } from "../../../testing/index.ts";

async function evict(
  client: Client,
  name: string,
  eviction: object = {},
  query = "",
): Promise<{ status: number; message: string }> {
  const { status, body } = await client.raw({
    method: "POST",
    path: `/api/v1/namespaces/default/pods/${name}/eviction${query}`,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name }, ...eviction })),
  });
  return { status, message: (JSON.parse(Buffer.from(body).toString()) as { message?: string }).message ?? "" };
}

test("an evicted pod says that it is disrupted, unless nothing is evicted", async () => {
  const plane = await startStandardControlPlane();
  try {
    const { client } = plane;
    await typed(client)
      .serviceaccounts.namespace("default")
      .create({ metadata: { name: "default" } });
    const pods = typed(client).pods.namespace("default");
    const spec = { nodeName: "n", containers: [{ name: "a", image: "a" }] };
    await pods.create({ metadata: { name: "web" }, spec });
    const disrupted = async () =>
      ((await pods.get("web")).status?.conditions ?? []).filter(({ type }) => type === "DisruptionTarget");

    const foreign = await evict(client, "web", { deleteOptions: { preconditions: { uid: "other" } } });
    assert.equal(foreign.status, 409);
    assert.match(foreign.message, /the UID in the precondition \(other\) does not match the UID in record/);
    assert.equal((await evict(client, "web", { deleteOptions: { dryRun: ["All"] } })).status, 201);
    assert.deepEqual(await disrupted(), []);

    const unnamed = await evict(client, "web", { metadata: {} });
    assert.deepEqual([unnamed.status, unnamed.message], [400, "name in URL does not match name in Eviction object"]);
    const unsafe = { deleteOptions: { ignoreStoreReadErrorWithClusterBreakingPotential: true } };
    assert.deepEqual(await evict(client, "web", unsafe), {
      status: 422,
      message:
        'Eviction.policy "web" is invalid: deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential: Invalid value: true: can not be set for pod eviction, try after removing the option',
    });
    const twice = { deleteOptions: { dryRun: ["All", "All"] } };
    assert.deepEqual(await evict(client, "web", twice, "?dryRun=All"), {
      status: 500,
      message: "Non-matching dry-run options in request and content: [All] and [All All]",
    });
    assert.deepEqual(await disrupted(), []);

    const { resourceVersion = "" } = (await pods.get("web")).metadata;
    const preconditions = { resourceVersion };
    assert.equal((await evict(client, "web", { deleteOptions: { preconditions } })).status, 201);
    const [condition] = await disrupted();
    assert.deepEqual(
      [condition?.status, condition?.reason, condition?.message],
      ["True", "EvictionByEvictionAPI", "Eviction API: evicting"],
    );
    assert.notEqual((await pods.get("web")).metadata.deletionTimestamp, undefined);
    assert.equal((await evict(client, "web", { deleteOptions: { preconditions } })).status, 409);
  } finally {
    await plane.stop();
  }
});
