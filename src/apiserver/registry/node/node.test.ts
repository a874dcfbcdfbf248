import type { RuntimeClass } from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { runtimeClassStrategy } from "./runtime-class.ts";

function runtime(change: Partial<RuntimeClass> = {}): RuntimeClass {
  return { metadata: { name: "r" }, handler: "runc", ...change };
}

const toleration = { key: "a", operator: "Exists" as const };
const tables = new RuleTables("RuntimeClass", runtimeClassStrategy);
tables.accepts([
  [
    "a full one",
    runtime({
      overhead: { podFixed: { cpu: "10m", memory: "10Mi" } },
      scheduling: { nodeSelector: { a: "b" }, tolerations: [toleration] },
    }),
  ],
]);
tables.rejects([
  [
    "a handler that is no label",
    runtime({ handler: "a_b" }),
    [
      "handler: Invalid value: \"a_b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    ],
  ],
  [
    "overhead below zero",
    runtime({ overhead: { podFixed: { cpu: "-1" } } }),
    ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [
    "the same toleration twice",
    runtime({ scheduling: { tolerations: [toleration, toleration] } }),
    ['scheduling.tolerations[1]: Duplicate value: {"key":"a","operator":"Exists"}'],
  ],
]);
tables.changes([
  ["the handler stays", runtime({ handler: "x" }), runtime(), ['handler: Invalid value: "x": field is immutable']],
]);
tables.prints([["one", runtime(), ["r", "runc", "<unknown>"]]]);
