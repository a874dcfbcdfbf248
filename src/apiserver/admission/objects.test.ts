import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubeObject } from "../../apimachinery/index.ts";
import { CacheEntry } from "../cacher/entry.ts";
import { entryShape } from "../cacher/shape.ts";
import { SortedEntries } from "../cacher/sorted-entries.ts";
import type { ApiServer } from "../server.ts";
import { ServerObjects } from "./objects.ts";

const shape = entryShape({ group: "", version: "v1", kind: "LimitRange" }, (value) => Buffer.from(value));

/** A server that has nothing but limit ranges: two in each of so many namespaces. */
function serverWith(namespaces: number): ApiServer {
  const entries = new SortedEntries();
  for (let index = 0; index < namespaces; index++) {
    for (const name of ["a", "b"]) {
      const object = { metadata: { name, namespace: `n${index}`, uid: `${index}`, creationTimestamp: "" } };
      const stored = Buffer.from(JSON.stringify({ kind: "LimitRange", apiVersion: "v1", ...object }));
      entries.put(CacheEntry.fromStored(`/registry/limitranges/n${index}/${name}`, stored, 1, shape));
    }
  }
  const cache = { size: entries.size, snapshot: () => entries.snapshot(1) };
  const prefixOf = (namespace: string) => `/registry/limitranges/${namespace === "" ? "" : `${namespace}/`}`;
  const table = { get: () => ({ registry: { cache, prefixOf } }) };
  return { catalog: { table } } as unknown as ApiServer;
}

const objects = new ServerObjects();
const listed = (namespace: string) =>
  [...objects.list<KubeObject>("", "limitranges", namespace)].map(
    ({ metadata }) => `${metadata.namespace}/${metadata.name}`,
  );

test("a namespace's objects are found wherever they stand among others", () => {
  objects.attach(serverWith(300));
  for (let index = 0; index < 300; index++) assert.deepEqual(listed(`n${index}`), [`n${index}/a`, `n${index}/b`]);
  assert.deepEqual(listed("n"), []);
  assert.deepEqual(listed("a"), []);
  assert.deepEqual(listed("z"), []);
  assert.equal(listed("").length, 600);
});

test("nothing is found where there is nothing", () => {
  objects.attach(serverWith(0));
  assert.deepEqual(listed("n1"), []);
});
