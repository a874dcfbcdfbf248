import type { PriorityClass } from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { priorityClassStrategy } from "./priority-class.ts";

function priority(name: string, value: number, more: Partial<PriorityClass> = {}): PriorityClass {
  return { metadata: { name }, value, preemptionPolicy: "PreemptLowerPriority", ...more };
}

const tables = new RuleTables("PriorityClass", priorityClassStrategy);
tables.accepts([
  ["the greatest of users", priority("a", 1_000_000_000)],
  ["one below zero", priority("a", -5, { preemptionPolicy: "Never" })],
  ["one of the system", priority("system-node-critical", 2_000_001_000)],
]);
const reserved =
  "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ";
tables.rejects([
  [
    "too great a value",
    priority("a", 1_000_000_001),
    ["value: Forbidden: maximum allowed value of a user defined priority is 1000000000"],
  ],
  ["a name of the system", priority("system-x", 1), [`${reserved}system-x is not a known system priority class`]],
  [
    "another value for one of the system",
    priority("system-cluster-critical", 1),
    [`${reserved}value of system-cluster-critical PriorityClass must be 2000000000`],
  ],
  [
    "one of the system by default",
    priority("system-cluster-critical", 2_000_000_000, { globalDefault: true }),
    [`${reserved}globalDefault of system-cluster-critical PriorityClass must be false`],
  ],
  [
    "an unknown policy",
    priority("a", 1, { preemptionPolicy: "X" as "Never" }),
    ['preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"'],
  ],
]);
tables.changes([
  ["a description may change", priority("a", 1, { description: "x" }), priority("a", 1), []],
  [
    "value and policy stay",
    priority("a", 2, { preemptionPolicy: "Never" }),
    priority("a", 1),
    [
      "value: Forbidden: may not be changed in an update.",
      'preemptionPolicy: Invalid value: "Never": field is immutable',
    ],
  ],
]);
tables.prints([["one", priority("a", 7), ["a", 7, false, "<unknown>", "PreemptLowerPriority"]]]);
