import type { autoscalingV1, autoscalingV2 } from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { autoscalerStrategy, autoscalerV1Strategy } from "./horizontal-pod-autoscaler.ts";

type Autoscaler = autoscalingV2.HorizontalPodAutoscaler;
type Metric = autoscalingV2.MetricSpec;

const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "web" };

function autoscaler(spec: Partial<Autoscaler["spec"]> = {}): Autoscaler {
  return { metadata: { name: "a", namespace: "n" }, spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 3, ...spec } };
}

const cpu: Metric = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
};
const metric = (one: Metric) => autoscaler({ metrics: [one] });
const describing = (apiVersion: string) =>
  metric({
    type: "Object",
    object: {
      metric: { name: "m" },
      describedObject: { apiVersion, kind: "Service", name: "s" },
      target: { type: "Value", value: "1" },
    },
  });
const external = (target: autoscalingV2.MetricTarget) =>
  metric({ type: "External", external: { metric: { name: "queue" }, target } });
const scaleUp = (rules: autoscalingV2.HPAScalingRules) => autoscaler({ behavior: { scaleUp: rules } });
const policies = [{ type: "Pods", value: 4, periodSeconds: 15 }];
const at = "spec.metrics[0]";

const tables = new RuleTables("HorizontalPodAutoscaler", autoscalerStrategy);

tables.accepts([
  ["one by cpu", autoscaler({ metrics: [cpu] })],
  [
    "one by everything",
    autoscaler({
      metrics: [
        { type: "Pods", pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "10" } } },
        {
          type: "Object",
          object: { describedObject: scaleTargetRef, metric: { name: "m" }, target: { type: "Value", value: "1" } },
        },
        { type: "External", external: { metric: { name: "queue" }, target: { type: "Value", value: "30" } } },
        {
          type: "ContainerResource",
          containerResource: {
            name: "memory",
            container: "c",
            target: { type: "AverageValue", averageValue: "1Gi" },
          },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: "Min", policies, tolerance: "50m" } },
    }),
  ],
]);

tables.rejects([
  [
    "too few",
    autoscaler({ minReplicas: 0, metrics: [cpu] }),
    [
      "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
      "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
    ],
  ],
  [
    "bounds",
    autoscaler({ minReplicas: 2, maxReplicas: 0 }),
    [
      "spec.maxReplicas: Required value: must be set and greater than 0",
      "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    ],
  ],
  [
    "a target without a name",
    autoscaler({ scaleTargetRef: { kind: "a/b", name: "" } }),
    [
      "spec.scaleTargetRef.kind: Invalid value: \"a/b\": may not contain '/'",
      "spec.scaleTargetRef.name: Required value",
      'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
    ],
  ],
  [
    "fewer than none",
    autoscaler({ maxReplicas: -1, minReplicas: 1 }),
    [
      "spec.maxReplicas: Invalid value: -1: must be greater than or equal to 1",
      "spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`",
    ],
  ],
  [
    "a target of the core",
    autoscaler({ scaleTargetRef: { ...scaleTargetRef, apiVersion: "v1" } }),
    ['spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group'],
  ],
  [
    "a version of too many parts",
    describing("a/b/c"),
    [`${at}.object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c`],
  ],
  [
    "an unknown type",
    metric({ type: "X" }),
    Array<string>(2).fill(
      `${at}.type: Unsupported value: "X": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"`,
    ),
  ],
  [
    "the wrong source",
    metric({ ...cpu, type: "Pods" }),
    [`${at}.pods: Required value: must populate information for the given metric source`],
  ],
  [
    "two sources",
    metric({ ...cpu, pods: { metric: { name: "m" }, target: { type: "AverageValue", averageValue: "1" } } }),
    [`${at}.pods: Forbidden: must populate the given metric source only`],
  ],
  [
    "no target",
    metric({ type: "Resource", resource: { name: "", target: { type: "" } } }),
    [
      `${at}.resource.name: Required value: must specify a resource name`,
      `${at}.resource.target.type: Required value: must specify a metric target type`,
      `${at}.resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue`,
      `${at}.resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization`,
    ],
  ],
  [
    "both targets",
    external({ type: "Value", value: "1", averageValue: "0" }),
    [
      `${at}.external.target.averageValue: Invalid value: "0": must be positive`,
      `${at}.external.target.value: Forbidden: may not set both a target value for metric and a per-pod target`,
    ],
  ],
  [
    "rules",
    scaleUp({ stabilizationWindowSeconds: 4000, selectPolicy: "X" }),
    [
      "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600",
      'spec.behavior.scaleUp.selectPolicy: Unsupported value: "X": supported values: "Disabled", "Max", "Min"',
      "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy",
    ],
  ],
  [
    "a policy",
    scaleUp({ policies: [{ type: "X", value: 0, periodSeconds: 2000 }] }),
    [
      'spec.behavior.scaleUp.policies[0].type: Unsupported value: "X": supported values: "Percent", "Pods"',
      "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
      "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800",
    ],
  ],
]);

const counted = (currentReplicas: number): Autoscaler => ({
  ...autoscaler(),
  status: { currentReplicas, desiredReplicas: 1 },
});
tables.changes(
  [
    [
      "a negative count is refused",
      counted(-1),
      counted(1),
      ["status.currentReplicas: Invalid value: -1: must be greater than or equal to 0"],
    ],
  ],
  "status",
);

tables.prints([
  [
    "one without figures",
    autoscaler({ metrics: [cpu] }),
    ["a", "Deployment/web", "cpu: <unknown>/70%", "1", 3, 0, "<unknown>"],
  ],
  [
    "one with figures",
    {
      ...autoscaler({ metrics: [cpu, cpu, cpu] }),
      status: {
        currentReplicas: 2,
        desiredReplicas: 2,
        currentMetrics: [{ type: "Resource", resource: { name: "cpu", current: { averageUtilization: 12 } } }],
      },
    },
    ["a", "Deployment/web", "cpu: 12%/70%, cpu: <unknown>/70% + 1 more...", "1", 3, 2, "<unknown>"],
  ],
]);

const old: autoscalingV1.HorizontalPodAutoscaler = {
  metadata: { name: "a", namespace: "n" },
  spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 80 },
};
const tablesV1 = new RuleTables("HorizontalPodAutoscaler of version 1", autoscalerV1Strategy);
tablesV1.accepts([["one by cpu", old]]);
tablesV1.rejects([
  [
    "no utilization",
    { ...old, spec: { ...old.spec, targetCPUUtilizationPercentage: 0 } },
    [`${at}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0`],
  ],
]);
tablesV1.prints([["one", old, ["a", "Deployment/web", "cpu: <unknown>/80%", "<unset>", 3, 0, "<unknown>"]]]);
