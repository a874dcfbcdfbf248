import assert from "node:assert/strict";
import { test } from "node:test";
import { asV3 } from "./openapi-v3.ts";

test("a document of OpenAPI v2 says the same as v3", () => {
  const flavour = { $ref: "#/definitions/Flavour" };
  const identity = { group: "taste.example.com", version: "v1", kind: "Flavour" };
  const post = {
    consumes: ["*/*"],
    produces: ["application/json", "application/yaml"],
    parameters: [
      { name: "body", in: "body", required: true, schema: flavour },
      { name: "dryRun", in: "query", type: "string", uniqueItems: true, description: "d" },
    ],
    responses: { "200": { description: "OK", schema: flavour }, "401": { description: "Unauthorized" } },
    "x-kubernetes-group-version-kind": identity,
  };
  const parameters = [{ name: "pretty", in: "query", type: "string" }];
  const definitions = { Flavour: { properties: { next: { description: "n", ...flavour }, all: { items: flavour } } } };
  const moved = { $ref: "#/components/schemas/Flavour" };
  const text = { type: "string" };
  assert.deepEqual(asV3({ paths: { "/apis/x": { post, parameters } }, definitions }), {
    openapi: "3.0.0",
    info: { title: "Converted from OpenAPI v2", version: "" },
    paths: {
      "/apis/x": {
        post: {
          "x-kubernetes-group-version-kind": identity,
          parameters: [{ name: "dryRun", in: "query", description: "d", schema: { ...text, uniqueItems: true } }],
          requestBody: { required: true, content: { "application/json": { schema: moved } } },
          responses: {
            "200": {
              description: "OK",
              content: { "application/json": { schema: moved }, "application/yaml": { schema: moved } },
            },
            "401": { description: "Unauthorized" },
          },
        },
        parameters: [{ name: "pretty", in: "query", schema: text }],
      },
    },
    components: {
      schemas: { Flavour: { properties: { next: { description: "n", allOf: [moved] }, all: { items: moved } } } },
    },
  });
});
