import type { Pod, PodDisruptionBudget } from "../../api/index.ts";
import { type Condition, formatTime, selectorFromObject } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type EventRecorder,
  informerOf,
  type Informer,
  isConflict,
  keyOf,
  kinds,
  orNotFound,
  referenceTo,
} from "../../client/index.ts";
import {
  Controller,
  type ControllerContext,
  isSemanticallyEqual,
  type Key,
  type Result,
  withCondition,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { disruptedPods, type Expected, expectedPods, healthyCount } from "./budget.ts";
import { OwnerScales } from "./owner-scale.ts";

const name = "disruption-controller";

/** Keeps the numbers by which evictions are allowed or refused. */
export const disruptionController: ControllerDescriptor = {
  name,
  create: (context) => new DisruptionController(context).controller,
};

class DisruptionController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #budgets: Informer<PodDisruptionBudget>;
  readonly #pods: Informer<Pod>;
  readonly #scales: OwnerScales;
  readonly #recorder: EventRecorder;

  constructor(context: ControllerContext) {
    const { client, clock, log, metrics, informers } = context;
    this.#context = context;
    this.#recorder = context.recorder("controllermanager");
    this.#budgets = informerOf(informers, kinds.poddisruptionbudgets);
    this.#pods = informerOf(informers, kinds.pods);
    const sets = informerOf(informers, kinds.replicasets);
    this.#scales = new OwnerScales(client, sets.lister);
    this.controller = new Controller({
      name,
      clock,
      log,
      metrics,
      reconciler: { reconcile: (key) => this.#reconcile(key) },
    })
      .watch(this.#budgets, (budget) => [keyOf(budget)])
      .watch(this.#pods, (pod) => this.#budgetsOf(pod))
      .waitFor(sets);
  }

  #budgetsOf(pod: Pod): Key[] {
    const keys: Key[] = [];
    for (const budget of this.#budgets.lister.listNamespace(pod.metadata.namespace ?? "")) {
      if (selectorFromObject(budget.spec.selector).matches(pod.metadata.labels)) keys.push(keyOf(budget));
    }
    return keys;
  }

  async #reconcile(key: Key): Promise<Result | undefined> {
    const budget = this.#budgets.lister.get(key);
    if (budget === undefined) return undefined;
    try {
      return await this.#sync(budget);
    } catch (error) {
      if (!isConflict(error)) await this.#failSafe(budget, messageOf(error));
      throw error;
    }
  }

  async #sync(budget: PodDisruptionBudget): Promise<Result | undefined> {
    const { namespace = "" } = budget.metadata;
    const selector = selectorFromObject(budget.spec.selector);
    const pods = [...this.#pods.lister.listNamespace(namespace)].filter((pod) => selector.matches(pod.metadata.labels));
    if (pods.length === 0) this.#event(budget, "Normal", "NoPods", "No matching pods found");
    const expected = await expectedPods(budget, pods, () => this.#scales.total(namespace, pods)).catch(
      (error: unknown) => {
        const message = `Failed to calculate the number of expected pods: ${messageOf(error)}`;
        this.#event(budget, "Warning", "CalculateExpectedPodCountFailed", message);
        throw error;
      },
    );
    const disrupted = disruptedPods(budget, pods, this.#context.clock.now());
    for (const pod of disrupted.overdue) {
      const message = `Pod was expected by PDB ${keyOf(budget)} to be deleted but it wasn't`;
      this.#recorder.event(referenceTo(kinds.pods, pod), "Warning", "NotDeleted", message);
    }
    await this.#write(budget, expected, disrupted.pods, healthyCount(pods, disrupted.pods));
    return disrupted.recheckMs === undefined ? undefined : { requeueAfterMs: disrupted.recheckMs + 1 };
  }

  async #write(
    budget: PodDisruptionBudget,
    { expected, desired }: Expected,
    disrupted: Record<string, string>,
    healthy: number,
  ): Promise<void> {
    const allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
    const sufficient = allowed > 0;
    await this.#writeStatus(budget, {
      observedGeneration: budget.metadata.generation,
      ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      conditions: this.#conditions(
        budget,
        sufficient ? "True" : "False",
        sufficient ? "SufficientPods" : "InsufficientPods",
        "",
      ),
    });
  }

  /** Not knowing is a reason to forbid. */
  async #failSafe(budget: PodDisruptionBudget, why: string): Promise<void> {
    const conditions = this.#conditions(budget, "False", "SyncFailed", why);
    await this.#writeStatus(budget, { ...budget.status, disruptionsAllowed: 0, conditions }).catch(() => {});
  }

  #conditions(budget: PodDisruptionBudget, status: string, reason: string, message: string): Condition[] {
    const lastTransitionTime = formatTime(this.#context.clock.now());
    const condition: Condition = {
      type: "DisruptionAllowed",
      status: status as Condition["status"],
      reason,
      message,
      lastTransitionTime,
    };
    const { generation } = budget.metadata;
    return withCondition(
      budget.status?.conditions,
      generation === undefined ? condition : { ...condition, observedGeneration: generation },
    );
  }

  async #writeStatus(budget: PodDisruptionBudget, status: PodDisruptionBudget["status"]): Promise<void> {
    if (isSemanticallyEqual(status, budget.status)) return;
    const budgets = this.#context.client
      .resource<PodDisruptionBudget>(kinds.poddisruptionbudgets)
      .namespace(budget.metadata.namespace ?? "");
    await orNotFound(budgets.updateStatus({ ...budget, status }));
  }

  #event(budget: PodDisruptionBudget, type: "Normal" | "Warning", reason: string, message: string): void {
    this.#recorder.event(referenceTo(kinds.poddisruptionbudgets, budget), type, reason, message);
  }
}
