import type { KubeObject } from "../../apimachinery/index.ts";
import {
  type Client,
  type DiscoveredResource,
  discover,
  preferredResources,
  type ResourceClient,
} from "../../client/index.ts";

/** Never collected: there are many, and they expire. */
const ignored: ReadonlySet<string> = new Set(["events.", "events.events.k8s.io"]);

/** From kinds to resources, as the server says. */
export class ResourceMap {
  readonly #client: Client;
  #byKind = new Map<string, DiscoveredResource>();
  #collectable: readonly DiscoveredResource[] = [];

  constructor(client: Client) {
    this.#client = client;
  }

  /** The resources to watch: one version each of whatever can be listed, watched and deleted. */
  get collectable(): readonly DiscoveredResource[] {
    return this.#collectable;
  }

  /** Asks the server anew. Group versions that do not answer keep what was known of them. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { resources, failures } = await discover(this.#client, signal);
    const failed = (one: DiscoveredResource): boolean => failures.has(`${one.group}/${one.version}`);
    const kept = [...this.#byKind.values()].filter(failed);
    this.#byKind = new Map([...kept, ...resources].map((one) => [kindKey(apiVersionOf(one), one.kind), one]));
    const wanted = preferredResources([...this.#byKind.values()]);
    this.#collectable = wanted.filter(
      ({ group, resource, verbs }) =>
        !ignored.has(`${resource}.${group}`) && ["list", "watch", "delete"].every((verb) => verbs.includes(verb)),
    );
  }

  find(apiVersion: string, kind: string): DiscoveredResource | undefined {
    return this.#byKind.get(kindKey(apiVersion, kind));
  }

  /** The client for objects of that resource, in the namespace where it has them. */
  scoped(resource: DiscoveredResource, namespace: string): ResourceClient<KubeObject> {
    const all = this.#client.resource(resource);
    return resource.namespaced ? all.namespace(namespace) : all;
  }
}

export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === "" ? version : `${group}/${version}`;
}

function kindKey(apiVersion: string, kind: string): string {
  return `${apiVersion}|${kind}`;
}
