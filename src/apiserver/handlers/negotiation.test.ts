import assert from "node:assert/strict";
import { test } from "node:test";
import { negotiateWithoutTables } from "./negotiation.ts";

test("what has no tables is not shown as one", () => {
  const table = "application/json;as=Table;v=v1;g=meta.k8s.io";
  assert.throws(() => negotiateWithoutTables(table), { code: 406 });
  assert.throws(() => negotiateWithoutTables("text/html"), { code: 406 });
  assert.equal(negotiateWithoutTables(`${table},application/yaml`), "yaml");
  assert.equal(negotiateWithoutTables("application/vnd.kubernetes.protobuf,application/json"), "protobuf");
  assert.equal(negotiateWithoutTables(undefined), "json");
});
