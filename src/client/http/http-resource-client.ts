import { goJson, type GroupVersionResource, type KubeList, type KubeObject } from "../../apimachinery/index.ts";
import type {
  DeleteOptions,
  GetOptions,
  ListOptions,
  Patch,
  ResourceClient,
  WatchOptions,
  WatchStream,
  WriteOptions,
} from "../contract.ts";
import { deleteBody, getQuery, listQuery, resourcePath, watchQuery, withQuery, writeQuery } from "../paths.ts";
import type { HttpClient } from "./http-client.ts";
import { HttpWatchStream } from "./http-watch-stream.ts";

const patchTypes: Readonly<Record<Patch["type"], string>> = {
  json: "application/json-patch+json",
  merge: "application/merge-patch+json",
  strategic: "application/strategic-merge-patch+json",
  apply: "application/apply-patch+yaml",
};

const jsonBody = { "content-type": "application/json" };

export class HttpResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly #client: HttpClient;
  readonly #resource: GroupVersionResource;
  readonly #namespace: string | undefined;

  constructor(client: HttpClient, resource: GroupVersionResource, namespace?: string) {
    this.#client = client;
    this.#resource = resource;
    this.#namespace = namespace;
  }

  namespace(namespace: string): ResourceClient<T> {
    return new HttpResourceClient<T>(this.#client, this.#resource, namespace === "" ? undefined : namespace);
  }

  async get(name: string, options: GetOptions = {}): Promise<T> {
    const path = withQuery(this.#path(name), getQuery(options));
    return (await this.#client.json({ method: "GET", path, signal: options.signal })) as T;
  }

  async list(options: ListOptions = {}): Promise<KubeList<T>> {
    const path = withQuery(this.#path(), listQuery(options));
    const list = (await this.#client.json({ method: "GET", path, signal: options.signal })) as KubeList<T>;
    list.items ??= [];
    return list;
  }

  watch(options: WatchOptions): WatchStream<T> {
    return new HttpWatchStream<T>(this.#client, withQuery(this.#path(), watchQuery(options)), options.signal);
  }

  async create(object: T, options: WriteOptions = {}): Promise<T> {
    return (await this.#write("POST", this.#path(), object, options)) as T;
  }

  async update(object: T, options: WriteOptions = {}): Promise<T> {
    return (await this.#write("PUT", this.#path(nameOf(object)), object, options)) as T;
  }

  async patch(
    name: string,
    patch: Patch,
    options: WriteOptions & { readonly subresource?: string; readonly force?: boolean } = {},
  ): Promise<T> {
    const query = { ...writeQuery(options), force: options.force };
    const body = goJson(patch.type === "json" ? patch.operations : patch.body);
    return (await this.#client.json({
      method: "PATCH",
      path: withQuery(this.#path(name, options.subresource), query),
      headers: { "content-type": patchTypes[patch.type] },
      body,
      signal: options.signal,
    })) as T;
  }

  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    await this.#delete(this.#path(name), options);
  }

  async deleteCollection(options: DeleteOptions, list: ListOptions): Promise<void> {
    await this.#delete(withQuery(this.#path(), listQuery(list)), options);
  }

  async getSubresource<S extends KubeObject>(name: string, subresource: string): Promise<S> {
    return (await this.#client.json({ method: "GET", path: this.#path(name, subresource) })) as S;
  }

  async updateSubresource<S extends KubeObject>(
    name: string,
    subresource: string,
    object: S,
    options: WriteOptions = {},
  ): Promise<S> {
    return (await this.#write("PUT", this.#path(name, subresource), object, options)) as S;
  }

  async createSubresource<S extends KubeObject>(
    name: string,
    subresource: string,
    object: S,
    options: WriteOptions = {},
  ): Promise<S> {
    return (await this.#write("POST", this.#path(name, subresource), object, options)) as S;
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.updateSubresource(nameOf(object), "status", object, options);
  }

  #path(name?: string, subresource?: string): string {
    return resourcePath({ resource: this.#resource, namespace: this.#namespace, name, subresource });
  }

  #write(method: string, path: string, object: KubeObject, options: WriteOptions): Promise<unknown> {
    return this.#client.json({
      method,
      path: withQuery(path, writeQuery(options)),
      headers: jsonBody,
      body: goJson(object),
      signal: options.signal,
    });
  }

  async #delete(path: string, options: DeleteOptions): Promise<void> {
    await this.#client.json({
      method: "DELETE",
      path,
      headers: jsonBody,
      body: goJson(deleteBody(options)),
      signal: options.signal,
    });
  }
}

function nameOf(object: KubeObject): string {
  return object.metadata.name ?? "";
}
