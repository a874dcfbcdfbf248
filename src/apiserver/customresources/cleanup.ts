import type { CustomResourceDefinition } from "../../api/index.ts";
import { aggregateMessages, type KubeObject } from "../../apimachinery/index.ts";
import { type Clock, messageOf } from "../../base/index.ts";
import { type Client, isNotFound } from "../../client/index.ts";
import { nowText } from "../registry/times.ts";
import { isTrue, terminating, type WantedCondition, withCondition } from "./definition/conditions.ts";
import { cleanupFinalizer } from "./definition/strategy.ts";

const definitions = { group: "apiextensions.k8s.io", version: "v1", resource: "customresourcedefinitions" };
const pollMs = 250;
/** After so long with objects left it says so, and begins again. */
const patienceMs = 60_000;

interface Resource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** Objects of these are stored where built-in ones are, and must stay. Upstream: `OverlappingBuiltInResources`. */
const overlapping = new Set(["apiservices.apiregistration.k8s.io", "customresourcedefinitions.apiextensions.k8s.io"]);

export function sharesStorage({ spec }: CustomResourceDefinition): boolean {
  return overlapping.has(`${spec.names.plural}.${spec.group}`);
}

/** Could not be finished; the condition says why. */
class CleanupError extends Error {
  readonly condition: WantedCondition;
  constructor(condition: WantedCondition) {
    super(condition.message);
    this.name = "CleanupError";
    this.condition = condition;
  }
}

/** Deletes all objects of a definition that goes, then lets it go. Upstream: `CRDFinalizer`. */
export class Cleanup {
  readonly #client: Client;
  readonly #clock: Clock;

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * `version`: one in which its objects are served; undefined where built-in resources are served in its place, which
   * it leaves alone. Rejects when something is left, to be called again.
   */
  async run(definition: CustomResourceDefinition, version: string | undefined, signal?: AbortSignal): Promise<void> {
    const { metadata, spec } = definition;
    const finalizers = metadata.finalizers ?? [];
    if (metadata.deletionTimestamp === undefined || !finalizers.includes(cleanupFinalizer)) return;
    const current = await this.#write(definition, terminating.inProgress);
    const isEstablished = isTrue(definition, "Established");
    const isServed = version !== undefined && isEstablished && !sharesStorage(definition);
    try {
      if (isServed) await this.#deleteAll({ group: spec.group, version, resource: spec.names.plural }, signal);
    } catch (error) {
      if (error instanceof CleanupError) await this.#write(current, error.condition);
      throw error;
    }
    const rest = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
    const gone = isEstablished ? terminating.completed : terminating.neverEstablished;
    const outcome = sharesStorage(definition) ? terminating.overlapping : gone;
    await this.#write({ ...current, metadata: { ...current.metadata, finalizers: rest } }, outcome);
  }

  async #write(definition: CustomResourceDefinition, condition: WantedCondition): Promise<CustomResourceDefinition> {
    const conditions = withCondition(definition.status?.conditions ?? [], condition, nowText(this.#clock));
    const next = { ...definition, status: { ...definition.status, conditions } };
    return this.#client.resource<CustomResourceDefinition>(definitions).updateStatus(next);
  }

  async #deleteAll(resource: Resource, signal: AbortSignal | undefined): Promise<void> {
    const left = await this.#list(resource).catch((error: unknown) => {
      throw new CleanupError(terminating.failed(`could not list instances: ${messageOf(error)}`));
    });
    const failures = await this.#deleteEach(resource, left);
    if (failures.length > 0) {
      const why = `could not issue all deletes: ${aggregateMessages(failures)}`;
      throw new CleanupError(terminating.failed(why));
    }
    const deadline = this.#clock.now() + patienceMs;
    try {
      while ((await this.#list(resource)).length > 0) {
        if (this.#clock.now() >= deadline) throw new Error("context deadline exceeded");
        await this.#clock.sleep(pollMs, signal);
      }
    } catch (error) {
      throw new CleanupError(terminating.unconfirmed(messageOf(error)));
    }
  }

  async #list(resource: Resource): Promise<readonly KubeObject[]> {
    return (await this.#client.resource<KubeObject>(resource).list()).items;
  }

  /** Resolves with what went wrong. */
  async #deleteEach(resource: Resource, objects: readonly KubeObject[]): Promise<string[]> {
    const all = this.#client.resource<KubeObject>(resource);
    const outcomes = await Promise.all(
      objects
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(async ({ metadata }) => {
          const scoped = metadata.namespace === undefined ? all : all.namespace(metadata.namespace);
          try {
            await scoped.delete(metadata.name ?? "");
            return undefined;
          } catch (error) {
            return isNotFound(error) ? undefined : messageOf(error);
          }
        }),
    );
    return outcomes.filter((outcome) => outcome !== undefined);
  }
}
