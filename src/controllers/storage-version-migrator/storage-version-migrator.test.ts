import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeFailure, kinds } from "../../client/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import {
  type GroupResource,
  type MigrationCondition,
  isNewer,
  migrations,
  queueStep,
  type StorageVersionMigration,
} from "./migration.ts";
import { storageVersionMigratorController } from "./storage-version-migrator-controller.ts";

const options = {
  config: { isFeatureOn: () => true },
  seed: async ({ client }: Fixture) => client.serveDiscovery([kinds.configmaps]),
};

const start = (fixture: Fixture, name: string, resource: GroupResource) =>
  fixture.client
    .resource<StorageVersionMigration>(migrations)
    .create({ ...{ apiVersion: "storagemigration.k8s.io/v1beta1" }, metadata: { name }, spec: { resource } });

async function stateOf(fixture: Fixture, name: string): Promise<readonly string[]> {
  const { status } = await fixture.client.resource<StorageVersionMigration>(migrations).get(name);
  return (status?.conditions ?? []).map(({ type, status: is, message }) => `${type}=${is}: ${message}`);
}

const succeeded = ["Running=False: Migration completed", "Succeeded=True: "];

async function putMaps(fixture: Fixture, ...names: readonly string[]): Promise<void> {
  for (const name of names) await fixture.put("configmaps", { metadata: { name, namespace: "default" } });
}

test("every object that there was is written anew, in one migration of a resource after the other", async () => {
  await withControllers(
    [storageVersionMigratorController],
    async (fixture) => {
      await putMaps(fixture, "one", "two", "changed");
      let isFirst = true;
      fixture.client.react(({ verb, resource, name }) => {
        if (verb !== "patch" || resource !== "configmaps" || name !== "changed" || !isFirst) return;
        isFirst = false;
        throw fakeFailure(409, "Conflict", "the object has been modified");
      });
      await start(fixture, "a", { resource: "configmaps" });
      await start(fixture, "b", { resource: "configmaps" });
      await fixture.advance(2_000);
      assert.deepEqual(await stateOf(fixture, "a"), succeeded);
      assert.deepEqual(await stateOf(fixture, "b"), succeeded);
      const patched = fixture.client.actions.filter(
        ({ verb, resource }) => verb === "patch" && resource === "configmaps",
      );
      assert.deepEqual(
        patched.map(({ name }) => name),
        ["one", "two", "changed", "one", "two", "changed"],
        "an object that someone has written meanwhile is left to them",
      );
    },
    options,
  );
});

test("a migration waits for a resource that is not served yet, and fails when it never is", async () => {
  await withControllers(
    [storageVersionMigratorController],
    async (fixture) => {
      await start(fixture, "none", { group: "example.com", resource: "things" });
      await fixture.advance(30_000);
      assert.deepEqual(await stateOf(fixture, "none"), ["Running=True: The migration is running"]);
      await fixture.advance(120_000);
      assert.deepEqual(await stateOf(fixture, "none"), [
        "Running=False: Migration completed",
        "Failed=True: resource does not exist in discovery",
      ]);
    },
    options,
  );
});

test("what a server refuses for good fails a migration; what passes is tried again", async () => {
  await withControllers(
    [storageVersionMigratorController],
    async (fixture) => {
      await putMaps(fixture, "one");
      const answers = [fakeFailure(503, "ServiceUnavailable", "busy"), fakeFailure(403, "Forbidden", "you may not")];
      fixture.client.react(({ verb, resource }) => {
        const answer = verb === "patch" && resource === "configmaps" ? answers.shift() : undefined;
        if (answer !== undefined) throw answer;
      });
      await start(fixture, "a", { resource: "configmaps" });
      await fixture.advance(5_000);
      assert.deepEqual(await stateOf(fixture, "a"), [
        "Running=False: Migration completed",
        "Failed=True: migration encountered unhandled error: you may not",
      ]);
      assert.deepEqual(answers, []);
    },
    options,
  );
});

test("a resource's definition says that its objects move, and which version alone is stored after", async () => {
  await withControllers(
    [storageVersionMigratorController],
    async (fixture) => {
      const names = { plural: "configmaps", kind: "ConfigMap" };
      const versions = [
        { name: "v1", served: true, storage: false },
        { name: "v2", served: true, storage: true },
      ];
      await fixture.put("customresourcedefinitions", {
        metadata: { name: "configmaps." },
        spec: { group: "", names, scope: "Namespaced", versions },
        status: { storedVersions: ["v1", "v2"] },
      });
      await start(fixture, "a", { resource: "configmaps" });
      await fixture.advance(2_000);
      const { status } = fixture.get("customresourcedefinitions", "configmaps.") ?? {};
      assert.deepEqual(status?.storedVersions, ["v2"]);
      const [condition] = status?.conditions ?? [];
      assert.deepEqual(
        [condition?.type, condition?.status, condition?.reason],
        ["StorageMigrating", "False", "MigrationSucceeded"],
      );
    },
    options,
  );
});

test("the oldest migration that is neither running nor done is next, if none runs", () => {
  const of = (name: string, creationTimestamp: string, ...types: MigrationCondition[]): StorageVersionMigration => {
    const conditions = types.map((type) => ({
      type,
      status: "True" as const,
      reason: "",
      message: "",
      lastTransitionTime: "",
    }));
    return { metadata: { name, creationTimestamp }, spec: { resource: { resource: "pods" } }, status: { conditions } };
  };
  const step = (...all: StorageVersionMigration[]) => {
    const { closing, next } = queueStep(all);
    return [closing.map(({ metadata }) => metadata.name), next?.metadata.name];
  };
  assert.deepEqual(step(of("b", "2"), of("a", "1")), [[], "a"]);
  assert.deepEqual(step(of("b", "2"), of("a", "1", "Running")), [[], undefined]);
  assert.deepEqual(step(of("b", "2"), of("a", "1", "Running", "Failed")), [["a"], "b"]);
  assert.deepEqual(step(of("a", "1", "Succeeded")), [[], undefined]);
  assert.deepEqual([isNewer("10", "9"), isNewer("9", "9"), isNewer("9", "10")], [true, false, false]);
});
