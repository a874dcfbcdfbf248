import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerCondition,
  MetricStatus,
  Pod,
  Scale,
} from "../../api/index.ts";
import { formatTime, parseLabelSelector } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type DiscoveredResource,
  discoverGroupVersion,
  type EventRecorder,
  informerOf,
  type Informer,
  keyOf,
  kinds,
  orNotFound,
  referenceTo,
  type ResourceClient,
  splitKey,
} from "../../client/index.ts";
import {
  Controller,
  type ControllerContext,
  groupOf,
  isSemanticallyEqual,
  type Key,
  type Result,
  withCondition,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import {
  actionOf,
  type AutoscalerMetrics,
  autoscalerMetrics,
  type ScaleAction,
  type ScaleError,
} from "./autoscaler-metrics.ts";
import { type History, limit, noHistory, remember, rememberScale } from "./behavior.ts";
import { MetricsClient } from "./metrics-client.ts";
import { MetricError, type MetricProposal, propose } from "./proposals.ts";
import { defaultCalculatorConfig } from "./replica-calculator.ts";

const name = "horizontal-pod-autoscaler-controller";

export const horizontalPodAutoscalerController: ControllerDescriptor = {
  name,
  serviceAccount: "horizontal-pod-autoscaler",
  create: (context, { autoscalerSyncPeriodMs = 15_000 }) => new Autoscaler(context, autoscalerSyncPeriodMs).controller,
};

interface Target {
  readonly resource: ResourceClient<Scale & { metadata: Scale["metadata"] }>;
  readonly scale: Scale;
}

/** Sizes a workload by its metrics. */
class Autoscaler {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #autoscalers: Informer<HorizontalPodAutoscaler>;
  readonly #pods: Informer<Pod>;
  readonly #metrics: MetricsClient;
  readonly #recorder: EventRecorder;
  readonly #history = new Map<Key, History>();
  readonly #periodMs: number;
  readonly #series: AutoscalerMetrics | undefined;

  constructor(context: ControllerContext, periodMs: number) {
    const { client, clock, log, metrics, informers, registry } = context;
    this.#context = context;
    this.#periodMs = periodMs;
    this.#recorder = context.recorder("horizontal-pod-autoscaler");
    this.#metrics = new MetricsClient(client);
    this.#autoscalers = informerOf(informers, kinds.horizontalpodautoscalers);
    this.#pods = informerOf(informers, kinds.pods);
    this.#series =
      registry === undefined ? undefined : autoscalerMetrics(registry, () => this.#autoscalers.lister.size);
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    })
      .watch(this.#autoscalers, (autoscaler) => [keyOf(autoscaler)], {
        // Its own status is no reason to look again.
        predicate: { updated: (previous, now) => !isSemanticallyEqual(previous.spec, now.spec) },
      })
      .waitFor(this.#pods);
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const autoscaler = this.#autoscalers.lister.get(key);
    if (autoscaler === undefined) {
      this.#history.delete(key);
      const { namespace, name: gone } = splitKey(key);
      this.#series?.forget(namespace, gone);
      return undefined;
    }
    const { clock, log } = this.#context;
    const step = new AutoscalerStatus(autoscaler, clock.now());
    const startedMs = clock.monotonic();
    await this.#sync(key, autoscaler, step).catch((error: unknown) => {
      step.failed = true;
      log.info("Failed to autoscale", { key, error: messageOf(error) });
    });
    await this.#writeStatus(autoscaler, step);
    const { namespace = "", name: own = "" } = autoscaler.metadata;
    this.#series?.reconciled(step.action, step.failed ? "internal" : "none", clock.monotonic() - startedMs);
    this.#series?.desired(namespace, own, step.desired);
    return { requeueAfterMs: this.#periodMs };
  }

  async #sync(key: Key, autoscaler: HorizontalPodAutoscaler, step: AutoscalerStatus): Promise<void> {
    const target = await this.#target(autoscaler).catch((error: unknown) => {
      this.#event(autoscaler, "Warning", "FailedGetScale", messageOf(error));
      step.set(
        "AbleToScale",
        "False",
        "FailedGetScale",
        `the HPA controller was unable to get the target's current scale: ${messageOf(error)}`,
      );
      throw error;
    });
    step.set(
      "AbleToScale",
      "True",
      "SucceededGetScale",
      "the HPA controller was able to get the target's current scale",
    );
    const current = target.scale.spec?.replicas ?? 0;
    step.current = current;
    const { minReplicas = 1, maxReplicas } = autoscaler.spec;
    if (current === 0 && minReplicas !== 0) {
      step.desired = 0;
      return step.set(
        "ScalingActive",
        "False",
        "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero",
      );
    }
    const reason =
      current > maxReplicas
        ? "Current number of replicas above Spec.MaxReplicas"
        : current < minReplicas
          ? "Current number of replicas below Spec.MinReplicas"
          : undefined;
    const desired =
      reason === undefined
        ? await this.#desired(key, autoscaler, target, step)
        : { replicas: Math.min(Math.max(current, minReplicas), maxReplicas), reason };
    if (desired === undefined) return;
    step.desired = desired.replicas;
    if (desired.replicas !== current)
      await this.#scale(key, autoscaler, target, desired.replicas, desired.reason, step);
  }

  async #desired(
    key: Key,
    autoscaler: HorizontalPodAutoscaler,
    target: Target,
    step: AutoscalerStatus,
  ): Promise<{ replicas: number; reason: string } | undefined> {
    const current = target.scale.spec?.replicas ?? 0;
    const now = this.#context.clock.now();
    const best = await this.#bestProposal(autoscaler, target, step);
    const history = this.#history.get(key) ?? noHistory;
    if (best === undefined) {
      step.failed = true;
      step.desired = current;
      return undefined;
    }
    step.set(
      "ScalingActive",
      "True",
      "ValidMetricFound",
      `the HPA was able to successfully calculate a replica count from ${best.name}`,
    );
    const limited = limit(autoscaler, history, current, best.replicas, now);
    this.#history.set(key, remember(history, best.replicas, autoscaler, now));
    if (limited.stabilized === "down") {
      step.set(
        "AbleToScale",
        "True",
        "ScaleDownStabilized",
        "recent recommendations were higher than current one, applying the highest recent recommendation",
      );
    } else if (limited.stabilized === "up") {
      step.set(
        "AbleToScale",
        "True",
        "ScaleUpStabilized",
        "recent recommendations were lower than current one, applying the lowest recent recommendation",
      );
    } else step.set("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size");
    const within = limited.reason === "DesiredWithinRange";
    step.set("ScalingLimited", within ? "False" : "True", limited.reason, limited.message);
    return {
      replicas: limited.replicas,
      reason: limited.replicas > current ? `${best.name} above target` : "All metrics below target",
    };
  }

  /** The highest that any metric asks for. A metric that cannot be had keeps the size from going down. */
  async #bestProposal(
    autoscaler: HorizontalPodAutoscaler,
    { scale }: Target,
    step: AutoscalerStatus,
  ): Promise<MetricProposal | undefined> {
    const selector = scale.status?.selector ?? "";
    if (selector === "") {
      const message = "the HPA target's scale is missing a selector";
      this.#event(autoscaler, "Warning", "SelectorRequired", message);
      step.set("ScalingActive", "False", "InvalidSelector", message);
      return undefined;
    }
    const compiled = parseLabelSelector(selector);
    const pods = [...this.#pods.lister.listNamespace(autoscaler.metadata.namespace ?? "")].filter((pod) =>
      compiled.matches(pod.metadata.labels),
    );
    const currentReplicas = scale.spec?.replicas ?? 0;
    const input = {
      autoscaler,
      pods,
      selector,
      currentReplicas,
      nowMs: this.#context.clock.now(),
      config: tolerances(autoscaler),
    };
    let best: MetricProposal | undefined;
    let failure: MetricError | undefined;
    const { clock } = this.#context;
    for (const metric of autoscaler.spec.metrics ?? []) {
      const startedMs = clock.monotonic();
      const computed = (action: ScaleAction, error: ScaleError) =>
        this.#series?.computed(metric.type, action, error, clock.monotonic() - startedMs);
      try {
        const proposal = await propose(this.#metrics, metric, input);
        computed(actionOf(autoscaler.status?.currentReplicas ?? 0, proposal.replicas), "none");
        step.metrics.push(proposal.status);
        if (best === undefined || proposal.replicas > best.replicas) best = proposal;
      } catch (error) {
        computed(
          "none",
          error instanceof MetricError && error.reason === "InvalidMetricSourceType" ? "spec" : "internal",
        );
        if (!(error instanceof MetricError)) throw error;
        failure ??= error;
        this.#event(autoscaler, "Warning", error.reason, error.message);
      }
    }
    if (failure === undefined || (best !== undefined && best.replicas >= currentReplicas)) return best;
    step.set(
      "ScalingActive",
      "False",
      failure.reason,
      `the HPA was unable to compute the replica count: ${failure.message}`,
    );
    const count = (autoscaler.spec.metrics ?? []).length;
    const message = `invalid metrics (${count - step.metrics.length} invalid out of ${count}), first error is: ${failure.summary}`;
    this.#event(autoscaler, "Warning", "FailedComputeMetricsReplicas", message);
    return undefined;
  }

  async #scale(
    key: Key,
    autoscaler: HorizontalPodAutoscaler,
    { resource, scale }: Target,
    replicas: number,
    reason: string,
    step: AutoscalerStatus,
  ): Promise<void> {
    const current = scale.spec?.replicas ?? 0;
    try {
      await resource.updateSubresource<Scale>(scale.metadata.name ?? "", "scale", {
        ...scale,
        spec: { ...scale.spec, replicas },
      });
    } catch (error) {
      this.#event(
        autoscaler,
        "Warning",
        "FailedRescale",
        `New size: ${replicas}; reason: ${reason}; error: ${messageOf(error)}`,
      );
      step.set(
        "AbleToScale",
        "False",
        "FailedUpdateScale",
        `the HPA controller was unable to update the target scale: ${messageOf(error)}`,
      );
      step.desired = current;
      throw error;
    }
    step.action = actionOf(current, replicas);
    const now = this.#context.clock.now();
    this.#history.set(key, rememberScale(this.#history.get(key) ?? noHistory, current, replicas, now));
    step.set(
      "AbleToScale",
      "True",
      "SucceededRescale",
      `the HPA controller was able to update the target scale to ${replicas}`,
    );
    step.lastScaleTime = formatTime(now);
    this.#event(autoscaler, "Normal", "SuccessfulRescale", `New size: ${replicas}; reason: ${reason}`);
  }

  async #target({ metadata, spec }: HorizontalPodAutoscaler): Promise<Target> {
    const { apiVersion = "v1", kind, name: targetName } = spec.scaleTargetRef;
    const served = await discoverGroupVersion(
      this.#context.client,
      groupOf(apiVersion),
      apiVersion.slice(apiVersion.indexOf("/") + 1),
    );
    const found: DiscoveredResource | undefined = served.find((one) => one.kind === kind);
    if (found === undefined) throw new Error(`no matches for kind "${kind}" in group "${groupOf(apiVersion)}"`);
    const resource = this.#context.client.resource<Scale>(found).namespace(metadata.namespace ?? "");
    return { resource, scale: await resource.getSubresource<Scale>(targetName, "scale") };
  }

  async #writeStatus(autoscaler: HorizontalPodAutoscaler, step: AutoscalerStatus): Promise<void> {
    const status = step.status();
    if (isSemanticallyEqual(status, autoscaler.status)) return;
    const api = this.#context.client
      .resource<HorizontalPodAutoscaler>(kinds.horizontalpodautoscalers)
      .namespace(autoscaler.metadata.namespace ?? "");
    await orNotFound(api.updateStatus({ ...autoscaler, status }));
  }

  #event(autoscaler: HorizontalPodAutoscaler, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#recorder.event(referenceTo(kinds.horizontalpodautoscalers, autoscaler), type, reason, message);
  }
}

function tolerances({ spec }: HorizontalPodAutoscaler): typeof defaultCalculatorConfig {
  const { scaleUp, scaleDown } = spec.behavior ?? {};
  return {
    ...defaultCalculatorConfig,
    ...(scaleUp?.tolerance === undefined ? {} : { toleranceUp: Number(scaleUp.tolerance) }),
    ...(scaleDown?.tolerance === undefined ? {} : { toleranceDown: Number(scaleDown.tolerance) }),
  };
}

/** What one look found, as it will be written. */
class AutoscalerStatus {
  readonly metrics: MetricStatus[] = [];
  current: number;
  desired: number;
  lastScaleTime: string | undefined;
  /** For those who count. */
  action: ScaleAction = "none";
  failed = false;
  readonly #autoscaler: HorizontalPodAutoscaler;
  readonly #time: string;
  #conditions: HorizontalPodAutoscalerCondition[];

  constructor(autoscaler: HorizontalPodAutoscaler, nowMs: number) {
    const { status } = autoscaler;
    this.#autoscaler = autoscaler;
    this.#time = formatTime(nowMs);
    this.#conditions = [...(status?.conditions ?? [])];
    this.current = status?.currentReplicas ?? 0;
    this.desired = status?.desiredReplicas ?? 0;
    this.lastScaleTime = status?.lastScaleTime;
  }

  set(type: string, status: string, reason: string, message: string): void {
    this.#conditions = withCondition(this.#conditions, {
      type,
      status,
      reason,
      message,
      lastTransitionTime: this.#time,
    });
  }

  status(): NonNullable<HorizontalPodAutoscaler["status"]> {
    const { generation } = this.#autoscaler.metadata;
    return {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      ...(this.lastScaleTime === undefined ? {} : { lastScaleTime: this.lastScaleTime }),
      currentReplicas: this.current,
      desiredReplicas: this.desired,
      ...(this.metrics.length === 0 ? {} : { currentMetrics: this.metrics }),
      conditions: this.#conditions,
    };
  }
}
