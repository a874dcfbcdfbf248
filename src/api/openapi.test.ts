import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeSwagger, type GroupVersionFacts, metaFacts, OpenApiDocuments } from "../apimachinery/index.ts";
import { builtInOpenApi, loadScheme } from "./index.ts";

const openApi = builtInOpenApi("v1.36.0");

/** Calls `visit` for every object within a document. */
function walk(value: unknown, visit: (object: Readonly<Record<string, unknown>>) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) visit(value as Readonly<Record<string, unknown>>);
  for (const item of Object.values(value)) walk(item, visit);
}

function definitionsOf(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const components = document.components as { schemas: Readonly<Record<string, unknown>> } | undefined;
  return components?.schemas ?? (document.definitions as Readonly<Record<string, unknown>>);
}

const documents = [...openApi.paths.map((path) => [path, openApi.v3(path)] as const), ["v2", openApi.v2()] as const];

test("every reference leads to a definition, and every operation has a name of its own", () => {
  for (const [path, document] of documents) {
    assert.ok(document !== undefined, path);
    const definitions = definitionsOf(document);
    const ids = new Set<string>();
    walk(document, (object) => {
      const { $ref, operationId } = object;
      if (typeof $ref === "string") assert.ok($ref.slice($ref.lastIndexOf("/") + 1) in definitions, `${path}: ${$ref}`);
      if (typeof operationId !== "string") return;
      assert.ok(!ids.has(operationId), `${path}: ${operationId} twice`);
      ids.add(operationId);
    });
  }
});

test("clients find each kind's definition and its merge semantics", () => {
  const served = new Map<string, unknown>();
  for (const [, document] of documents) {
    walk(definitionsOf(document ?? {}), (definition) => {
      for (const kind of (definition["x-kubernetes-group-version-kind"] ?? []) as object[])
        served.set(JSON.stringify(kind), definition);
    });
  }
  for (const { kind } of loadScheme().resources()) {
    const key = JSON.stringify({ group: kind.group, kind: kind.kind, version: kind.version });
    assert.ok(served.has(key), key);
  }
  const pod = definitionsOf(openApi.v3("api/v1") ?? {})["io.k8s.api.core.v1.PodSpec"];
  const { volumes, containers } = (pod as { properties: Record<string, Record<string, unknown>> }).properties;
  assert.equal(volumes?.["x-kubernetes-patch-strategy"], "merge,retainKeys");
  assert.deepEqual(containers?.["x-kubernetes-list-map-keys"], ["name"]);
  assert.deepEqual(containers?.items, {
    default: {},
    allOf: [{ $ref: "#/components/schemas/io.k8s.api.core.v1.Container" }],
  });
});

test("operations and parameters are named as upstream names them", () => {
  const paths = openApi.v3("apis/apps/v1")?.paths as Record<string, Record<string, Record<string, unknown>>>;
  const one = paths["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
  assert.equal(one?.patch?.operationId, "patchAppsV1NamespacedDeployment");
  assert.equal(one?.patch?.["x-kubernetes-action"], "patch");
  assert.deepEqual(
    ((one?.patch?.parameters ?? []) as { name: string }[]).map(({ name }) => name),
    ["dryRun", "fieldManager", "fieldValidation", "force"],
  );
  assert.equal(paths["/apis/apps/v1/deployments"]?.get?.operationId, "listAppsV1DeploymentForAllNamespaces");
});

test("the Swagger document has a protobuf form, which begins with its version", () => {
  const bytes = Buffer.from(encodeSwagger(openApi.v2()));
  assert.equal(bytes.subarray(0, 5).toString("latin1"), "\n\x032.0");
});

test("kinds that come at run time are documented by definitions that are given", () => {
  const resource = {
    name: "widgets",
    singular: "widget",
    kind: "Widget",
    namespaced: true,
    verbs: ["create", "get", "list"],
  };
  const facts: GroupVersionFacts = {
    group: "example.com",
    version: "v1",
    package: "example.com/v1",
    resources: [resource],
    types: { Widget: { kind: true, fields: {} }, WidgetList: { kind: true, fields: {} } },
  };
  const widget = { type: "object", properties: { size: { type: "integer" } } };
  const given = new Map([["com.example.v1.Widget", widget]]);
  const folders = new Map([
    ["meta/v1", metaFacts],
    ["example.com/v1", facts],
  ]);
  const documents = new OpenApiDocuments(folders, "v1.36.0", { 2: given, 3: given });
  const document = documents.v3("apis/example.com/v1") ?? {};
  assert.equal(definitionsOf(document)["com.example.v1.Widget"], widget);
  assert.ok("/apis/example.com/v1/namespaces/{namespace}/widgets" in (document.paths as object));
});
