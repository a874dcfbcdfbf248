import type { GroupVersionResource, KubeList, KubeObject } from "../../apimachinery/index.ts";
import type { DeleteOptions, ListOptions, Patch, ResourceClient, WatchOptions, WatchStream } from "../contract.ts";
import { keyOf } from "../keys.ts";
import { type FakeAction, type FakeClient, fakeFailure } from "./fake-client.ts";
import type { FakeTable } from "./fake-store.ts";
import { FakeWatchStream } from "./fake-watch-stream.ts";
import { mergePatch, strategicPatch } from "./merge-patch.ts";
import { fieldMatch, labelMatch, type Match } from "./selectors.ts";

type Loose = KubeObject & { spec?: unknown; status?: unknown };

const nameAlphabet = "bcdfghjklmnpqrstvwxz2456789";

export class FakeResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly #client: FakeClient;
  readonly #resource: GroupVersionResource;
  readonly #namespace: string | undefined;
  readonly #tableName: string;

  constructor(client: FakeClient, resource: GroupVersionResource, namespace?: string) {
    this.#client = client;
    this.#resource = resource;
    this.#namespace = namespace;
    // Versions of one group share their objects.
    this.#tableName = resource.group === "" ? resource.resource : `${resource.resource}.${resource.group}`;
  }

  namespace(namespace: string): ResourceClient<T> {
    return new FakeResourceClient<T>(this.#client, this.#resource, namespace === "" ? undefined : namespace);
  }

  async get(name: string): Promise<T> {
    this.#record("get", { name });
    return this.#must(name) as T;
  }

  async list(options: ListOptions = {}): Promise<KubeList<T>> {
    this.#record("list", {});
    const matches = this.#matcher(options);
    const items = [...this.#table.objects.values()].filter(matches) as T[];
    return { metadata: { resourceVersion: String(this.#client.store.revision) }, items };
  }

  watch(options: WatchOptions): WatchStream<T> {
    this.#record("watch", {});
    return new FakeWatchStream<T>(this.#client.store, this.#table, this.#matcher(options), options);
  }

  async create(object: T): Promise<T> {
    const made = structuredClone(object) as Loose;
    const { metadata } = made;
    if (metadata.name === undefined && metadata.generateName !== undefined)
      metadata.name = metadata.generateName + this.#suffix();
    if (this.#namespace !== undefined) metadata.namespace ??= this.#namespace;
    this.#record("create", { name: metadata.name, object: made });
    const key = keyOf(made);
    if (this.#table.objects.has(key)) throw this.#failure(409, "AlreadyExists", metadata.name ?? "", "already exists");
    metadata.uid = this.#client.random.uuid();
    metadata.creationTimestamp = this.#time();
    metadata.generation = 1;
    return this.#client.store.write(this.#tableName, key, made) as T;
  }

  async update(object: T): Promise<T> {
    this.#record("update", { name: object.metadata.name, object });
    return this.#replace(object, (made, current) => {
      if (current.status !== undefined) made.status = current.status;
    });
  }

  async patch(name: string, patch: Patch, options: { readonly subresource?: string } = {}): Promise<T> {
    this.#record("patch", { name, subresource: options.subresource });
    if (patch.type === "json") throw fakeFailure(415, "UnsupportedMediaType", "the fake knows merge patches only");
    const apply = patch.type === "strategic" ? strategicPatch : mergePatch;
    const made = apply(structuredClone(this.#must(name)), patch.body) as Loose;
    return this.#replace(made as KubeObject as T, (next, current) => {
      if (options.subresource === undefined && current.status !== undefined) next.status = current.status;
    });
  }

  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    this.#record("delete", { name });
    const current = this.#must(name);
    const wanted = options.preconditions?.uid;
    if (wanted !== undefined && wanted !== current.metadata.uid)
      throw this.#failure(409, "Conflict", name, "precondition failed: UID");
    const finalizers = withPropagation(current.metadata.finalizers ?? [], options.propagationPolicy);
    const key = keyOf(current);
    if (finalizers.length === 0) return void this.#client.store.remove(this.#tableName, key);
    const next = structuredClone(current);
    next.metadata.finalizers = finalizers;
    next.metadata.deletionTimestamp ??= this.#time();
    this.#client.store.write(this.#tableName, key, next);
  }

  async deleteCollection(options: DeleteOptions, list: ListOptions): Promise<void> {
    for (const item of (await this.list(list)).items) {
      const scoped = new FakeResourceClient<T>(this.#client, this.#resource, item.metadata.namespace);
      await scoped.delete(item.metadata.name ?? "", options);
    }
  }

  async getSubresource<S extends KubeObject>(name: string, subresource: string): Promise<S> {
    this.#record("get", { name, subresource });
    return this.#must(name) as KubeObject as S;
  }

  async updateSubresource<S extends KubeObject>(name: string, subresource: string, object: S): Promise<S> {
    this.#record("update", { name, subresource, object });
    return this.#replace(object as KubeObject as T, (made, current) => {
      // Annotations go with the status, as upstream has it: the Deployment controller relies on that.
      const { annotations, resourceVersion } = made.metadata;
      made.metadata = { ...structuredClone(current.metadata), annotations, resourceVersion };
      if (subresource === "status") made.spec = current.spec;
    }) as Promise<KubeObject> as Promise<S>;
  }

  async createSubresource<S extends KubeObject>(name: string, subresource: string, object: S): Promise<S> {
    this.#record("create", { name, subresource, object });
    if (subresource === "eviction") await this.delete(name);
    return object;
  }

  updateStatus(object: T): Promise<T> {
    return this.updateSubresource(object.metadata.name ?? "", "status", object);
  }

  get #table(): FakeTable {
    return this.#client.store.table(this.#tableName);
  }

  async #replace(object: T, adjust: (made: Loose, current: Loose) => void): Promise<T> {
    const name = object.metadata.name ?? "";
    const current = this.#must(name) as Loose;
    const wanted = object.metadata.resourceVersion;
    if (wanted !== undefined && wanted !== current.metadata.resourceVersion) {
      throw this.#failure(
        409,
        "Conflict",
        name,
        "the object has been modified; please apply your changes to the latest version and try again",
      );
    }
    const made = structuredClone(object) as Loose;
    adjust(made, current);
    made.metadata.uid = current.metadata.uid;
    const generation = current.metadata.generation ?? 1;
    made.metadata.generation = JSON.stringify(made.spec) === JSON.stringify(current.spec) ? generation : generation + 1;
    const key = keyOf(current);
    const gone = made.metadata.deletionTimestamp !== undefined && finalizersOf(made).length === 0;
    if (gone) return (this.#client.store.remove(this.#tableName, key) ?? made) as T;
    return this.#client.store.write(this.#tableName, key, made) as T;
  }

  #must(name: string): KubeObject {
    const found = this.#table.objects.get(this.#namespace === undefined ? name : `${this.#namespace}/${name}`);
    if (found === undefined) throw this.#failure(404, "NotFound", name, "not found");
    return found;
  }

  #matcher(options: { readonly labelSelector?: string; readonly fieldSelector?: string }): Match {
    const labels = labelMatch(options.labelSelector);
    const fields = fieldMatch(options.fieldSelector);
    const namespace = this.#namespace;
    return (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) && labels(object) && fields(object);
  }

  #record(verb: FakeAction["verb"], more: Partial<FakeAction>): void {
    this.#client.record({ verb, resource: this.#resource.resource, namespace: this.#namespace, ...more });
  }

  #failure(code: number, reason: string, name: string, what: string): Error {
    return fakeFailure(code, reason, `${this.#tableName} "${name}" ${what}`);
  }

  #time(): string {
    return `${new Date(this.#client.clock.now()).toISOString().slice(0, 19)}Z`;
  }

  #suffix(): string {
    const at = (): string => nameAlphabet.charAt(Math.floor(this.#client.random.next() * nameAlphabet.length));
    return at() + at() + at() + at() + at();
  }
}

function withPropagation(finalizers: readonly string[], policy: DeleteOptions["propagationPolicy"]): string[] {
  const own = { Orphan: "orphan", Foreground: "foregroundDeletion", Background: undefined }[policy ?? "Background"];
  return own === undefined || finalizers.includes(own) ? [...finalizers] : [...finalizers, own];
}

/** Those of a namespace are in its spec as well. */
function finalizersOf({ metadata, spec }: Loose): readonly string[] {
  const own = typeof spec === "object" && spec !== null && "finalizers" in spec ? spec.finalizers : undefined;
  return [...(metadata.finalizers ?? []), ...(Array.isArray(own) ? (own as string[]) : [])];
}
