import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeOpenApi3 } from "./openapi3-protobuf.ts";

/** Fields by number, of what is known to be a message. */
function fieldsOf(bytes: Buffer): ReadonlyMap<number, readonly Buffer[]> {
  const fields = new Map<number, Buffer[]>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = varint();
    const wire = key % 8;
    assert.ok(wire <= 2);
    const length = wire === 2 ? varint() : 8;
    const start = at;
    if (wire === 0) varint();
    else at += length;
    const value = bytes.subarray(start, at);
    const tag = Math.floor(key / 8);
    fields.set(tag, [...(fields.get(tag) ?? []), value]);
  }
  return fields;
}

/** What is found by going from field to field. */
function found(bytes: Uint8Array, ...tags: readonly number[]): string {
  let at: Buffer = Buffer.from(bytes);
  for (const tag of tags) at = fieldsOf(at).get(tag)?.[0] ?? Buffer.alloc(0);
  return at.toString();
}

test("documents have the numbers of openapi.v3", () => {
  const schema = {
    type: "object",
    description: "what it is",
    required: ["n"],
    properties: { n: { type: "integer", minimum: 0.5, maxLength: 300, default: 2, enum: [1, "two"] } },
    "x-kubernetes-group-version-kind": [{ group: "", kind: "K", version: "v1" }],
  };
  const bytes = encodeOpenApi3({
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.36.0" },
    paths: {
      "/a": {
        patch: {
          operationId: "patchA",
          requestBody: { required: true, content: { "application/json": { schema: { $ref: "#/k" } } } },
          responses: { 200: { description: "OK" }, default: { description: "else" } },
        },
        parameters: [{ name: "pretty", in: "query", schema: { type: "string", uniqueItems: true } }],
      },
    },
    components: { schemas: { k: schema } },
  });
  const path = [4, 1, 2] as const;
  assert.equal(found(bytes, 1), "3.0.0");
  assert.equal(found(bytes, 2, 6), "v1.36.0");
  assert.equal(found(bytes, 4, 1, 1), "/a");
  assert.equal(found(bytes, ...path, 10, 5), "patchA");
  assert.equal(found(bytes, ...path, 10, 7, 1, 2, 1, 2, 1, 2, 1), "#/k");
  assert.equal(found(bytes, ...path, 10, 7, 1, 3), "\x01");
  assert.equal(found(bytes, ...path, 10, 8, 1, 1, 1), "else");
  assert.equal(found(bytes, ...path, 10, 8, 2, 1), "200");
  assert.equal(found(bytes, ...path, 13, 1, 10, 1, 25), "string");
  assert.equal(found(bytes, ...path, 13, 1, 10, 1, 20), "\x01");
  const kind = [5, 1, 1, 2, 1] as const;
  assert.equal(found(bytes, ...kind, 34), "what it is");
  assert.equal(found(bytes, ...kind, 23), "n");
  assert.equal(found(bytes, ...kind, 36, 1), "x-kubernetes-group-version-kind");
  assert.equal(found(bytes, ...kind, 36, 2, 2), '- group: ""\n  kind: K\n  version: v1\n');
  const number = [...kind, 31, 1, 2, 1] as const;
  assert.equal(Buffer.from(found(bytes, ...number, 24, 2)).toString(), "1\n");
  assert.equal(found(bytes, ...number, 15).length, 2);
});
