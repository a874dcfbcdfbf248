import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus, MetricTarget, Pod } from "../../api/index.ts";
import { parseQuantity, Quantity } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import { isPodReady } from "../../reconcile/index.ts";
import type { MetricsClient } from "./metrics-client.ts";
import {
  byAverageValue,
  byShare,
  byUtilization,
  byValue,
  type CalculatorConfig,
  type CalculatorInput,
  type Proposal,
} from "./replica-calculator.ts";

export interface ProposalInput {
  readonly autoscaler: HorizontalPodAutoscaler;
  readonly pods: readonly Pod[];
  /** Of the scale's pods. */
  readonly selector: string;
  readonly currentReplicas: number;
  readonly nowMs: number;
  readonly config: CalculatorConfig;
}

export interface MetricProposal {
  readonly replicas: number;
  readonly status: MetricStatus;
  /** What the number comes from, for people. */
  readonly name: string;
}

/** A metric that could not be had. `reason` goes into the condition and the event. */
export class MetricError extends Error {
  readonly reason: string;
  /** The message as it is told among those of other metrics. */
  readonly summary: string;

  constructor(reason: string, message: string, summary = message) {
    super(message);
    this.name = "MetricError";
    this.reason = reason;
    this.summary = summary;
  }
}

const failures: Readonly<Record<string, readonly [reason: string, what: string]>> = {
  Resource: ["FailedGetResourceMetric", "resource metric value"],
  ContainerResource: ["FailedGetContainerResourceMetric", "container resource metric value"],
  Pods: ["FailedGetPodsMetric", "pods metric value"],
  Object: ["FailedGetObjectMetric", "object metric value"],
  External: ["FailedGetExternalMetric", "external metric"],
};

export async function propose(client: MetricsClient, spec: MetricSpec, input: ProposalInput): Promise<MetricProposal> {
  try {
    return await proposeFor(client, spec, input);
  } catch (error) {
    const [reason, what] = failures[spec.type] ?? ["InvalidMetricSourceType", "metric"];
    const why = messageOf(error);
    if (spec.type !== "Resource") throw new MetricError(reason, `failed to get ${what}: ${why}`);
    const { name, target } = spec.resource ?? {};
    const cause = `failed to get ${name} ${target?.averageValue === undefined ? "utilization" : "usage"}: ${why}`;
    throw new MetricError(reason, cause, `failed to get ${name} ${what}: ${cause}`);
  }
}

function resourceMetrics(
  client: MetricsClient,
  { autoscaler, selector }: ProposalInput,
  resource: string,
  container?: string,
): ReturnType<MetricsClient["resource"]> {
  const namespace = autoscaler.metadata.namespace ?? "";
  return client.resource(namespace, resource, selector, container).catch((error: unknown) => {
    throw new Error(`unable to get metrics for resource ${resource}: ${messageOf(error)}`, { cause: error });
  });
}

async function proposeFor(client: MetricsClient, spec: MetricSpec, input: ProposalInput): Promise<MetricProposal> {
  const namespace = input.autoscaler.metadata.namespace ?? "";
  const { resource, containerResource, pods, object, external, type } = spec;
  if (type === "Resource" && resource !== undefined) {
    const metrics = await resourceMetrics(client, input, resource.name);
    const { replicas, current } = ofPods({ ...input, metrics, resource: resource.name }, resource.target);
    return {
      replicas,
      status: { type, resource: { name: resource.name, current } },
      name: `${resource.name} resource${suffix(resource.target)}`,
    };
  }
  if (type === "ContainerResource" && containerResource !== undefined) {
    const { name, container, target } = containerResource;
    const metrics = await resourceMetrics(client, input, name, container);
    const { replicas, current } = ofPods({ ...input, metrics, resource: name }, target, container);
    return {
      replicas,
      status: { type, containerResource: { name, container, current } },
      name: `${name} container resource${suffix(target)}`,
    };
  }
  if (type === "Pods" && pods !== undefined) {
    const metrics = await client.pods(namespace, pods.metric, input.selector);
    const { replicas, current } = ofPods({ ...input, metrics, resource: undefined }, pods.target);
    return {
      replicas,
      status: { type, pods: { metric: pods.metric, current } },
      name: `pods metric ${pods.metric.name}`,
    };
  }
  if (type === "Object" && object !== undefined) {
    const { metric, describedObject, target } = object;
    const { replicas, current } = ofValue(await client.object(namespace, describedObject, metric), target, input);
    return {
      replicas,
      status: { type, object: { metric, describedObject, current } },
      name: `${describedObject.kind} metric ${metric.name}`,
    };
  }
  if (type === "External" && external !== undefined) {
    const { metric, target } = external;
    const { replicas, current } = ofValue(await client.external(namespace, metric), target, input);
    return {
      replicas,
      status: { type, external: { metric, current } },
      name: `external metric ${metric.name}(${JSON.stringify(metric.selector ?? null)})`,
    };
  }
  throw new Error(`unknown metric source type "${type}"`);
}

function suffix({ averageUtilization }: MetricTarget): string {
  return averageUtilization === undefined ? "" : " utilization (percentage of request)";
}

interface Priced {
  readonly replicas: number;
  readonly current: { value?: string; averageValue?: string; averageUtilization?: number };
}

function ofPods(input: CalculatorInput, target: MetricTarget, container?: string): Priced {
  if (target.averageUtilization !== undefined) {
    const { replicas, current, average } = byUtilization(input, target.averageUtilization, container);
    return { replicas, current: { averageUtilization: current, averageValue: text(average) } };
  }
  const { replicas, average } = byAverageValue(input, milliOf(target.averageValue));
  return { replicas, current: { averageValue: text(average) } };
}

function ofValue(milli: number, target: MetricTarget, { pods, currentReplicas, config }: ProposalInput): Priced {
  if (target.averageValue !== undefined) {
    const { replicas, average }: Proposal = byShare(milli, milliOf(target.averageValue), currentReplicas, config);
    return { replicas, current: { averageValue: text(average) } };
  }
  const ready = pods.filter((pod) => pod.status?.phase === "Running" && isPodReady(pod)).length;
  return {
    replicas: byValue(milli, milliOf(target.value), currentReplicas, ready, config).replicas,
    current: { value: text(milli) },
  };
}

function milliOf(quantity: string | undefined): number {
  if (quantity === undefined)
    throw new Error("invalid metric source: neither a utilization target nor a value target was set");
  return parseQuantity(quantity).milliValue();
}

function text(milli: number): string {
  return Quantity.fromMilliValue(milli).toString();
}
