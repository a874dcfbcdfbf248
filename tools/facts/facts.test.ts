import assert from "node:assert/strict";
import { test } from "node:test";
import { factsByFolder, outdatedFiles } from "./generate.ts";

test("types follow from the facts, and facts are formatted", () => {
  assert.deepEqual([...outdatedFiles().keys()], [], "run: ./k8ts tool facts");
});

test("every kind, type and field is explained, in sentences", () => {
  for (const [folder, facts] of factsByFolder()) {
    for (const [name, type] of Object.entries(facts.types)) {
      assert.match(type.doc ?? "", /\.$/, `${folder}.${name}`);
      for (const [field, { doc, inline }] of Object.entries(type.fields)) {
        if (!inline) assert.match(doc ?? "", /\.$/, `${folder}.${name}.${field}`);
      }
    }
  }
});

test("no two fields of a message share a number", () => {
  for (const [folder, facts] of factsByFolder()) {
    for (const [name, type] of Object.entries(facts.types)) {
      const tags = Object.values(type.fields).flatMap(({ tag }) => tag ?? []);
      assert.equal(new Set(tags).size, tags.length, `${folder}.${name}`);
    }
  }
});
