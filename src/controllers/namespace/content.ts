import type { Pod } from "../../api/index.ts";
import type { KubeObject } from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import {
  type Client,
  type DiscoveredResource,
  discover,
  isNotFound,
  preferredResources,
  type ResourceClient,
} from "../../client/index.ts";

/** What is left in a namespace after trying to delete everything. */
export interface Content {
  /** Wait this long before the next look; 0 when nothing is left. */
  readonly waitSeconds: number;
  readonly failures: readonly string[];
  readonly discoveryFailures: ReadonlyMap<string, string>;
  /** Instances left, by `resource.group`. */
  readonly remaining: ReadonlyMap<string, number>;
  /** Instances left that have this finalizer. */
  readonly finalizers: ReadonlyMap<string, number>;
}

/** How long to wait for finalizers of others. */
const finalizerWaitSeconds = 15;

class Tally {
  waitSeconds = 0;
  readonly failures: string[] = [];
  readonly remaining = new Map<string, number>();
  readonly finalizers = new Map<string, number>();

  note(resource: DiscoveredResource, items: readonly KubeObject[]): void {
    if (items.length === 0) return;
    this.remaining.set(`${resource.resource}.${resource.group}`, items.length);
    let withFinalizers = false;
    for (const finalizer of items.flatMap((item) => item.metadata.finalizers ?? [])) {
      withFinalizers = true;
      this.finalizers.set(finalizer, (this.finalizers.get(finalizer) ?? 0) + 1);
    }
    const grace = isPods(resource) ? graceOf(items as readonly Pod[]) : 0;
    this.waitSeconds = Math.max(this.waitSeconds, grace, withFinalizers || grace === 0 ? finalizerWaitSeconds : 0);
  }
}

/** Deletes everything in the namespace, pods first, and counts what is left. */
export async function deleteContent(client: Client, namespace: string, signal: AbortSignal): Promise<Content> {
  const { resources, failures } = await discover(client, signal);
  const deletable = preferredResources(resources).filter((one) => one.namespaced && one.verbs.includes("delete"));
  const tally = new Tally();
  const work = (one: DiscoveredResource): Promise<void> => deleteAll(client, namespace, one, tally);
  // Pods go before what they may need to end well.
  await Promise.all(deletable.filter(isPods).map(work));
  if (tally.remaining.size === 0) {
    for (const one of deletable.filter((other) => !isPods(other))) await work(one);
  }
  for (const [groupVersion, why] of failures) tally.failures.push(`${groupVersion}: ${why}`);
  return {
    waitSeconds: tally.waitSeconds,
    failures: tally.failures,
    discoveryFailures: failures,
    remaining: tally.remaining,
    finalizers: tally.finalizers,
  };
}

async function deleteAll(client: Client, namespace: string, resource: DiscoveredResource, tally: Tally): Promise<void> {
  const scoped = client.resource(resource).namespace(namespace);
  try {
    if (resource.verbs.includes("deletecollection"))
      await scoped.deleteCollection({ propagationPolicy: "Background" }, {});
    else await deleteEach(scoped);
    if (resource.verbs.includes("list")) tally.note(resource, (await scoped.list()).items);
  } catch (error) {
    if (!isNotFound(error)) tally.failures.push(messageOf(error));
  }
}

async function deleteEach(scoped: ResourceClient<KubeObject>): Promise<void> {
  for (const item of (await scoped.list()).items) {
    await scoped.delete(item.metadata.name ?? "", { propagationPolicy: "Background" }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}

function isPods(resource: DiscoveredResource): boolean {
  return resource.group === "" && resource.resource === "pods";
}

/** The longest time that a pod may still take; pods at their end take none. */
function graceOf(pods: readonly Pod[]): number {
  const running = pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
  return Math.max(0, ...running.map(({ spec }) => spec.terminationGracePeriodSeconds ?? 0));
}
