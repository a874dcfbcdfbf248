import type { Namespace, NamespaceCondition } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import {
  copyOf,
  informerOf,
  isConflict,
  isNotFound,
  keyOf,
  kinds,
  orNotFound,
  resourceOf,
  type ResourceClient,
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
import { contentConditions } from "./conditions.ts";
import { deleteContent } from "./content.ts";

const kubernetesFinalizer = "kubernetes";
/** Other API servers may not know yet that the namespace is being deleted; give them time. */
const startDelayMs = 5_000;

/** Empties namespaces that are being deleted, and lets them go. */
export const namespaceController: ControllerDescriptor = {
  name: "namespace-controller",
  create: (context) => new NamespaceController(context).controller,
};

class NamespaceController {
  readonly controller: Controller;
  readonly #context: ControllerContext;
  readonly #client: ResourceClient<Namespace>;

  constructor(context: ControllerContext) {
    const { client, clock, informers, log, metrics } = context;
    this.#context = context;
    this.#client = resourceOf(client, kinds.namespaces);
    const namespaces = informerOf(informers, kinds.namespaces);
    this.controller = new Controller({
      name: "namespace-controller",
      clock,
      log,
      metrics,
      workers: 10,
      reconciler: { reconcile: (key, signal) => this.#reconcile(key, signal) },
    }).waitFor(namespaces);
    const enqueue = (namespace: Namespace): void => {
      if (namespace.metadata.deletionTimestamp !== undefined)
        this.controller.enqueueAfter(keyOf(namespace), startDelayMs);
    };
    namespaces.addHandler({ onAdd: enqueue, onUpdate: (_previous, namespace) => enqueue(namespace) });
  }

  async #reconcile(name: Key, signal: AbortSignal): Promise<Result | undefined> {
    const found = await orNotFound(this.#client.get(name));
    if (found === undefined || found.metadata.deletionTimestamp === undefined) return undefined;
    const namespace = await this.#markTerminating(copyOf(found));
    if ((namespace.spec?.finalizers ?? []).length === 0) return undefined;
    const content = await deleteContent(this.#context.client, name, signal);
    await this.#updateConditions(name, contentConditions(content));
    if (content.failures.length > 0) throw new Error(content.failures.join(", "));
    if (content.waitSeconds > 0) return { requeueAfterMs: (Math.floor(content.waitSeconds / 2) + 1) * 1000 };
    await this.#finalize(name);
    return undefined;
  }

  async #markTerminating(namespace: Namespace): Promise<Namespace> {
    if (namespace.status?.phase === "Terminating") return namespace;
    return this.#client.updateStatus({ ...namespace, status: { ...namespace.status, phase: "Terminating" } });
  }

  async #updateConditions(name: string, wanted: readonly NamespaceCondition[]): Promise<void> {
    const current = await orNotFound(this.#client.get(name));
    if (current === undefined) return;
    const time = formatTime(this.#context.clock.now());
    const known = current.status?.conditions;
    const conditions = wanted.reduce(
      (all, condition) => withCondition(all, { ...condition, lastTransitionTime: time }),
      [...(known ?? [])],
    );
    if (isSemanticallyEqual(conditions, known)) return;
    await this.#client
      .updateStatus({ ...current, status: { ...current.status, conditions } })
      .catch((error: unknown) => {
        if (!isConflict(error) && !isNotFound(error)) throw error;
      });
  }

  async #finalize(name: string): Promise<void> {
    const current = await orNotFound(this.#client.get(name));
    if (current === undefined) return;
    const finalizers = (current.spec?.finalizers ?? []).filter((finalizer) => finalizer !== kubernetesFinalizer);
    const next: Namespace = { ...current, apiVersion: "v1", kind: "Namespace", spec: { ...current.spec, finalizers } };
    await orNotFound(this.#client.updateSubresource(name, "finalize", next));
  }
}
