import type { autoscalingV1, autoscalingV2 } from "../../../api/index.ts";

type Metric = autoscalingV2.MetricSpec;
type MetricV1 = autoscalingV1.MetricSpec;
type Status = autoscalingV2.MetricStatus;
type StatusV1 = autoscalingV1.MetricStatus;
type Target = autoscalingV2.MetricTarget;

/** Leaves out what is not set. */
function compact<T>(fields: object): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)) as T;
}

/** As version 1 writes metrics into its annotations: a metric's name and target in one. */
export function metricToV1(metric: Metric): MetricV1 {
  const { type, object, pods, resource, containerResource, external } = metric;
  return compact({
    type,
    object: object && {
      target: object.describedObject,
      metricName: object.metric.name,
      targetValue: object.target.value ?? "0",
      ...compact<object>({ selector: object.metric.selector, averageValue: object.target.averageValue }),
    },
    pods: pods && compact({ metricName: pods.metric.name, selector: pods.metric.selector, ...averageV1(pods.target) }),
    resource: resource && compact({ name: resource.name, ...usageV1(resource.target) }),
    containerResource:
      containerResource &&
      compact({
        name: containerResource.name,
        container: containerResource.container,
        ...usageV1(containerResource.target),
      }),
    external:
      external &&
      compact({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        ...averageV1(external.target),
      }),
  });
}

function averageV1({ averageValue }: Target): object {
  return { targetAverageValue: averageValue };
}

function usageV1({ averageUtilization, averageValue }: Target): object {
  return { targetAverageUtilization: averageUtilization, targetAverageValue: averageValue };
}

export function metricFromV1(metric: MetricV1): Metric {
  const { type, object, pods, resource, containerResource, external } = metric;
  return compact({
    type,
    object: object && {
      describedObject: object.target,
      metric: compact({ name: object.metricName, selector: object.selector }),
      target:
        object.averageValue === undefined
          ? { type: "Value", value: object.targetValue }
          : { type: "AverageValue", averageValue: object.averageValue },
    },
    pods: pods && {
      metric: compact({ name: pods.metricName, selector: pods.selector }),
      target: { type: "AverageValue", averageValue: pods.targetAverageValue },
    },
    resource: resource && { name: resource.name, target: usage(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      target: usage(containerResource),
    },
    external: external && {
      metric: compact({ name: external.metricName, selector: external.metricSelector }),
      target: compact({
        type: external.targetValue === undefined ? "AverageValue" : "Value",
        value: external.targetValue,
        averageValue: external.targetAverageValue,
      }),
    },
  });
}

function usage(source: autoscalingV1.ResourceMetricSource): Target {
  const { targetAverageUtilization: averageUtilization, targetAverageValue: averageValue } = source;
  const type = averageUtilization === undefined ? "AverageValue" : "Utilization";
  return compact({ type, averageUtilization, averageValue });
}

export function statusToV1(status: Status): StatusV1 {
  const { type, object, pods, resource, containerResource, external } = status;
  const used = ({ averageUtilization, averageValue }: autoscalingV2.MetricValueStatus) => ({
    currentAverageUtilization: averageUtilization,
    currentAverageValue: averageValue ?? "0",
  });
  return compact({
    type,
    object:
      object &&
      compact({
        target: object.describedObject,
        metricName: object.metric.name,
        currentValue: object.current.value ?? "0",
        selector: object.metric.selector,
        averageValue: object.current.averageValue,
      }),
    pods:
      pods &&
      compact({
        metricName: pods.metric.name,
        currentAverageValue: pods.current.averageValue ?? "0",
        selector: pods.metric.selector,
      }),
    resource: resource && compact({ name: resource.name, ...used(resource.current) }),
    containerResource:
      containerResource &&
      compact({
        name: containerResource.name,
        container: containerResource.container,
        ...used(containerResource.current),
      }),
    external:
      external &&
      compact({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? "0",
        currentAverageValue: external.current.averageValue,
      }),
  });
}

export function statusFromV1(status: StatusV1): Status {
  const { type, object, pods, resource, containerResource, external } = status;
  const current = (one: autoscalingV1.ResourceMetricStatus) =>
    compact({ averageUtilization: one.currentAverageUtilization, averageValue: one.currentAverageValue });
  return compact({
    type,
    object: object && {
      describedObject: object.target,
      metric: compact({ name: object.metricName, selector: object.selector }),
      current: compact({ value: object.currentValue, averageValue: object.averageValue }),
    },
    pods: pods && {
      metric: compact({ name: pods.metricName, selector: pods.selector }),
      current: { averageValue: pods.currentAverageValue },
    },
    resource: resource && { name: resource.name, current: current(resource) },
    containerResource: containerResource && {
      name: containerResource.name,
      container: containerResource.container,
      current: current(containerResource),
    },
    external: external && {
      metric: compact({ name: external.metricName, selector: external.metricSelector }),
      current: compact({ value: external.currentValue, averageValue: external.currentAverageValue }),
    },
  });
}

/** Upstream writes its internal type into the annotation, whose names begin in upper case. */
export function capitalized(value: unknown): unknown {
  return renamed(value, (name) => name.charAt(0).toUpperCase() + name.slice(1));
}

export function uncapitalized(value: unknown): unknown {
  return renamed(value, (name) => name.charAt(0).toLowerCase() + name.slice(1));
}

function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([name, field]) => [rename(name), renamed(field, rename)]),
  );
}
