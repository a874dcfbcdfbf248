import type { autoscalingV2 } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import {
  capitalized,
  metricFromV1,
  metricToV1,
  statusFromV1,
  statusToV1,
  uncapitalized,
} from "./autoscaling/annotations.ts";
import type { Converter } from "./descriptors.ts";

type Fields = Record<string, unknown>;

/** How objects of built-in kinds with several versions change between them, by kind. */
export const builtInConverters: ReadonlyMap<string, Converter> = new Map<string, Converter>([
  ["Event", { convert: convertEvent }],
  ["HorizontalPodAutoscaler", { convert: convertAutoscaler }],
]);

/** Core names of an event's fields and those of `events.k8s.io`. All others are called the same. */
const eventFields: readonly (readonly [core: string, other: string])[] = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
  ["reportingComponent", "reportingController"],
];

function convertEvent(object: KubeObject, _from: string, to: string): KubeObject {
  const toCore = to === "v1";
  const names = new Map(eventFields.map(([core, other]) => (toCore ? [other, core] : [core, other])));
  const converted: Fields = {};
  for (const [name, value] of Object.entries(object)) converted[names.get(name) ?? name] = value;
  return { ...(converted as unknown as KubeObject), apiVersion: to, metadata: { ...object.metadata } };
}

const annotations = {
  metrics: "autoscaling.alpha.kubernetes.io/metrics",
  currentMetrics: "autoscaling.alpha.kubernetes.io/current-metrics",
  conditions: "autoscaling.alpha.kubernetes.io/conditions",
  behavior: "autoscaling.alpha.kubernetes.io/behavior",
} as const;

type Metric = autoscalingV2.MetricSpec;

function convertAutoscaler(object: KubeObject, _from: string, to: string): KubeObject {
  return to === "autoscaling/v1" ? autoscalerToV1(object) : autoscalerToV2(object);
}

function parts(object: KubeObject): { readonly spec: Fields; readonly status: Fields | undefined } {
  const { spec = {}, status } = object as KubeObject & { spec?: Fields; status?: Fields };
  return { spec, status };
}

/** What version 1 has no fields for goes into annotations, as upstream does. */
function autoscalerToV1(object: KubeObject): KubeObject {
  const { spec, status } = parts(object);
  const { metrics, behavior, ...rest } = spec as Fields & { metrics?: readonly Metric[] };
  const { currentMetrics, conditions, ...restStatus } = (status ?? {}) as Fields & {
    currentMetrics?: readonly autoscalingV2.MetricStatus[] | null;
  };
  const cpu = metrics?.find(isCpuUtilization);
  const others = metrics?.filter((metric) => metric !== cpu) ?? [];
  const currentCpu = currentMetrics?.find((metric) => metric.resource?.name === "cpu")?.resource?.current
    ?.averageUtilization;
  const extra = {
    ...(others.length === 0 ? {} : { [annotations.metrics]: JSON.stringify(others.map(metricToV1)) }),
    ...(behavior === undefined ? {} : { [annotations.behavior]: JSON.stringify(capitalized(behavior)) }),
    ...((currentMetrics?.length ?? 0) === 0
      ? {}
      : { [annotations.currentMetrics]: JSON.stringify(currentMetrics?.map(statusToV1)) }),
    ...(conditions === undefined || conditions === null
      ? {}
      : { [annotations.conditions]: JSON.stringify(conditions) }),
  };
  const target = cpu?.resource?.target?.averageUtilization;
  return assemble(object, "autoscaling/v1", {
    annotations: { ...object.metadata.annotations, ...extra },
    spec: { ...rest, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status:
      status === undefined
        ? undefined
        : { ...restStatus, ...(currentCpu === undefined ? {} : { currentCPUUtilizationPercentage: currentCpu }) },
  });
}

function isCpuUtilization({ type, resource }: Metric): boolean {
  return type === "Resource" && resource?.name === "cpu" && resource.target?.averageUtilization !== undefined;
}

function autoscalerToV2(object: KubeObject): KubeObject {
  const { spec, status } = parts(object);
  const { targetCPUUtilizationPercentage: target, ...rest } = spec;
  const { currentCPUUtilizationPercentage: _current, ...restStatus } = status ?? {};
  const kept: Record<string, string> = { ...object.metadata.annotations };
  const take = (name: string): unknown => {
    const text = kept[name];
    delete kept[name];
    return text === undefined ? undefined : parseJson(text);
  };
  const others = take(annotations.metrics);
  const behavior = take(annotations.behavior);
  const currentMetrics = take(annotations.currentMetrics);
  const conditions = take(annotations.conditions);
  const metrics = [
    ...(Array.isArray(others) ? others.map(metricFromV1) : []),
    ...(target === undefined
      ? []
      : [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: target } } }]),
  ];
  return assemble(object, "autoscaling/v2", {
    annotations: kept,
    spec: {
      ...rest,
      ...(metrics.length === 0 ? {} : { metrics }),
      ...(behavior === undefined ? {} : { behavior: uncapitalized(behavior) }),
    },
    status:
      status === undefined
        ? undefined
        : {
            ...restStatus,
            ...(Array.isArray(currentMetrics) ? { currentMetrics: currentMetrics.map(statusFromV1) } : {}),
            ...(conditions === undefined ? {} : { conditions }),
          },
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface Converted {
  readonly annotations: Record<string, string>;
  readonly spec: Fields;
  readonly status: Fields | undefined;
}

function assemble(object: KubeObject, apiVersion: string, { annotations: all, spec, status }: Converted): KubeObject {
  const { annotations: _old, ...metadata } = object.metadata;
  const converted = {
    ...object,
    apiVersion,
    metadata: { ...metadata, ...(Object.keys(all).length === 0 ? {} : { annotations: all }) },
    spec,
    ...(status === undefined ? {} : { status }),
  };
  return converted;
}
