import type { PodDisruptionBudget } from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { podDisruptionBudgetStrategy } from "./pod-disruption-budget.ts";

function budget(spec: PodDisruptionBudget["spec"]): PodDisruptionBudget {
  return { metadata: { name: "b", namespace: "n" }, spec };
}

const selector = { matchLabels: { app: "web" } };
const tables = new RuleTables("PodDisruptionBudget", podDisruptionBudgetStrategy);

tables.accepts([
  ["a number", budget({ selector, minAvailable: 2, unhealthyPodEvictionPolicy: "AlwaysAllow" })],
  ["a share", budget({ selector, maxUnavailable: "30%" })],
  ["neither", budget({ selector })],
]);
tables.rejects([
  [
    "both bounds",
    budget({ selector, minAvailable: 1, maxUnavailable: "10%" }),
    [
      'spec: Invalid value: {"MinAvailable":1,"Selector":{"matchLabels":{"app":"web"}},"MaxUnavailable":"10%","UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
    ],
  ],
  [
    "too much",
    budget({ minAvailable: "101%" }),
    ['spec.minAvailable: Invalid value: "101%": must not be greater than 100%'],
  ],
  [
    "below zero",
    budget({ maxUnavailable: -1 }),
    ["spec.maxUnavailable: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [
    "no share",
    budget({ maxUnavailable: "a" }),
    [
      "spec.maxUnavailable: Invalid value: \"a\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  [
    "an unknown policy",
    budget({ unhealthyPodEvictionPolicy: "X" as "AlwaysAllow" }),
    ['spec.unhealthyPodEvictionPolicy: Unsupported value: "X": supported values: "AlwaysAllow", "IfHealthyBudget"'],
  ],
]);
const counted = (disruptionsAllowed: number) => ({ ...budget({ selector }), status: { disruptionsAllowed } });
tables.changes(
  [
    [
      "a negative count is refused",
      counted(-1),
      counted(0),
      ["status.disruptionsAllowed: Invalid value: -1: must be greater than or equal to 0"],
    ],
  ],
  "status",
);
tables.prints([["one", { ...budget({ minAvailable: "50%" }), ...{} }, ["b", "50%", "N/A", 0, "<unknown>"]]]);
