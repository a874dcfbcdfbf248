import type { autoscalingV2 } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { TableColumns } from "../contract.ts";

type Autoscaler = autoscalingV2.HorizontalPodAutoscaler;
type Metric = autoscalingV2.MetricSpec;
type Current = autoscalingV2.MetricStatus;

/** How many metrics are shown; the others are counted. */
const shownMax = 2;

/** `read` gives the version that says everything. */
export function autoscalerTable<T extends Autoscaler | KubeObject>(
  read: (object: T) => Autoscaler,
): TableColumns<T & KubeObject> {
  return defineTable<T & KubeObject>([
    nameColumn,
    text("Reference", "What is scaled.", (object: T) => {
      const { kind, name } = read(object).spec.scaleTargetRef;
      return `${kind}/${name}`;
    }),
    text("Targets", "What is measured, and what it should be.", (object: T) => {
      const { spec, status } = read(object);
      return targetsText(spec.metrics ?? [], status?.currentMetrics ?? []);
    }),
    text("MinPods", "The least number of pods.", (object: T) => {
      const { minReplicas } = read(object).spec;
      return minReplicas === undefined ? "<unset>" : String(minReplicas);
    }),
    text("MaxPods", "The greatest number of pods.", (object: T) => read(object).spec.maxReplicas),
    text("Replicas", "How many pods there are.", (object: T) => read(object).status?.currentReplicas ?? 0),
    ageColumn,
  ]);
}

function targetsText(metrics: readonly Metric[], current: readonly Current[]): string {
  if (metrics.length === 0) return "<none>";
  const texts = metrics.slice(0, shownMax).map((metric, index) => targetText(metric, current[index]));
  const list = texts.join(", ");
  return metrics.length > shownMax ? `${list} + ${metrics.length - shownMax} more...` : list;
}

function targetText(metric: Metric, current: Current | undefined): string {
  switch (metric.type) {
    case "External":
      return amounts(metric.external?.target, current?.external?.current);
    case "Pods":
      return `${current?.pods?.current.averageValue ?? "<unknown>"}/${metric.pods?.target.averageValue ?? ""}`;
    case "Object":
      return amounts(metric.object?.target, current?.object?.current);
    case "Resource":
      return usage(metric.resource?.name ?? "", metric.resource?.target, current?.resource?.current);
    case "ContainerResource":
      return usage(
        metric.containerResource?.name ?? "",
        metric.containerResource?.target,
        current?.containerResource?.current,
      );
    default:
      return "<unknown type>";
  }
}

type Target = autoscalingV2.MetricTarget;
type Value = autoscalingV2.MetricValueStatus;

function amounts(target: Target | undefined, current: Value | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? "<unknown>"}/${target.averageValue} (avg)`;
  return `${current?.value ?? "<unknown>"}/${target?.value ?? ""}`;
}

function usage(name: string, target: Target | undefined, current: Value | undefined): string {
  if (target?.averageValue !== undefined)
    return `${name}: ${current?.averageValue ?? "<unknown>"}/${target.averageValue}`;
  const percent = current?.averageUtilization;
  const wanted = target?.averageUtilization;
  return `${name}: ${percent === undefined ? "<unknown>" : `${percent}%`}/${wanted === undefined ? "<auto>" : `${wanted}%`}`;
}
