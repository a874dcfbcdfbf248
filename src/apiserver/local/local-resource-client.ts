import { type KubeList, type KubeObject, newBadRequest, newFailure } from "../../apimachinery/index.ts";
import type {
  DeleteOptions,
  GetOptions,
  ListOptions,
  Patch,
  ResourceClient,
  WatchOptions,
  WatchStream,
  WriteOptions,
} from "../../client/index.ts";
import { attributesOf } from "../authz/contract.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import { deleteAll } from "../handlers/delete-handler.ts";
import { patchObject } from "../handlers/patch-handler.ts";
import { forbidden } from "../handlers/pipeline.ts";
import { entriesOfPage, listType } from "../handlers/render.ts";
import { handleResource } from "../handlers/resource-handler.ts";
import type { ServedResource } from "../handlers/served.ts";
import { bookmarkMaker, checkWatchOptions, openWatch } from "../handlers/watch-handler.ts";
import { createObject } from "../registry/create.ts";
import { deleteObject } from "../registry/delete.ts";
import { parseSelection } from "../registry/filter.ts";
import { checkListOptions, listPage, type Page } from "../registry/reads.ts";
import { updateObject } from "../registry/update.ts";
import { LiveContext } from "../request/context.ts";
import type { RequestInfo } from "../request/contract.ts";
import { Query } from "../request/query.ts";
import type { ApiServer } from "../server.ts";
import { type LocalIdentity, objectOf } from "./local-client.ts";
import { LocalRequest } from "./local-request.ts";
import { LocalWatch } from "./local-watch.ts";

const noQuery = new Query("");

/** One resource through the registry, without HTTP. */
export class LocalResourceClient<T extends KubeObject> implements ResourceClient<T> {
  readonly #server: ApiServer;
  readonly #identity: LocalIdentity;
  readonly #namespace: string;
  #known: ServedResource;
  #tableRevision: number;

  constructor(server: ApiServer, identity: LocalIdentity, served: ServedResource, namespace: string) {
    this.#server = server;
    this.#identity = identity;
    this.#known = served;
    this.#tableRevision = server.catalog.table.revision;
    this.#namespace = namespace;
  }

  /** Custom resources are served anew when their definition changes, so a client must not hold on to one. */
  get #served(): ServedResource {
    const { table } = this.#server.catalog;
    if (table.revision === this.#tableRevision) return this.#known;
    const { group, version, facts } = this.#known.descriptor;
    const served = table.get(group, version, facts.name);
    if (served === undefined) throw newFailure(404, "NotFound", "the server could not find the requested resource", {});
    this.#known = served;
    this.#tableRevision = table.revision;
    return served;
  }

  namespace(namespace: string): ResourceClient<T> {
    return new LocalResourceClient<T>(this.#server, this.#identity, this.#served, namespace);
  }

  async get(name: string, options: GetOptions = {}): Promise<T> {
    await this.#begin("get", name, options.signal);
    const entry = await this.#served.registry.get(this.#namespaceOf(), name, options.resourceVersion, options.signal);
    return entry.object as T;
  }

  async list(options: ListOptions = {}): Promise<KubeList<T>> {
    await this.#begin("list", "", options.signal);
    const page = await this.#page(options);
    const items = (await entriesOfPage(this.#served, page)).map((entry) => entry.object as T);
    const metadata = {
      resourceVersion: String(page.revision),
      ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
      ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
    };
    return { ...listType(this.#served), metadata, items };
  }

  watch(options: WatchOptions): WatchStream<T> {
    const { clock } = this.#server.options;
    const open = async () => {
      await this.#begin("watch", "", options.signal);
      checkWatchOptions(
        options.sendInitialEvents,
        options.resourceVersionMatch ?? "",
        options.allowWatchBookmarks === true,
      );
      return openWatch(this.#served.registry, {
        namespace: this.#namespace,
        name: "",
        selection: parseSelection(this.#served.descriptor, options.labelSelector, options.fieldSelector),
        resourceVersion: options.resourceVersion ?? "",
        sendInitialEvents: options.sendInitialEvents,
        bookmarks: options.allowWatchBookmarks === true,
        timeoutSeconds: 0,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    };
    return new LocalWatch<T>({
      open,
      registry: this.#served.registry,
      clock,
      makeBookmark: bookmarkMaker(this.#served),
      bookmarks: options.allowWatchBookmarks === true,
      initialEnd: options.sendInitialEvents === true,
      bookmarkIntervalMs: this.#server.services.bookmarkIntervalMs,
      timeoutMs: (options.timeoutSeconds ?? 0) * 1000,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  }

  async create(object: T, options: WriteOptions = {}): Promise<T> {
    const context = await this.#begin("create", "", options.signal, "", this.#namespaceOf(object));
    const created = await createObject(
      this.#served.registry,
      this.#write(context, options),
      this.#namespaceOf(object),
      this.#copy(object),
    );
    return created.object as T;
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#replace(object, "", options);
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#replace(object, "status", options);
  }

  async patch(
    name: string,
    patch: Patch,
    options: WriteOptions & { readonly subresource?: string; readonly force?: boolean } = {},
  ): Promise<T> {
    const { subresource = "", force = false } = options;
    const context = await this.#begin("patch", name, options.signal, subresource);
    const { result } = await patchObject({
      call: { served: this.#served, context, services: this.#server.services },
      subresource,
      type: patch.type,
      patch: patch.type === "json" ? patch.operations : patch.body,
      force,
      parameters: { ...this.#write(context, options), fieldValidation: options.fieldValidation ?? "Ignore" },
      options: { kind: "PatchOptions", apiVersion: "meta.k8s.io/v1" },
    });
    return result.object as T;
  }

  async delete(name: string, options: DeleteOptions = {}): Promise<void> {
    const context = await this.#begin("delete", name, options.signal);
    await deleteObject(this.#served.registry, {
      ...this.#deletion(context, options),
      namespace: this.#namespaceOf(),
      name,
    });
  }

  async deleteCollection(options: DeleteOptions, list: ListOptions): Promise<void> {
    const context = await this.#begin("deletecollection", "", options.signal);
    const entries = await entriesOfPage(this.#served, await this.#page(list));
    await deleteAll(this.#served, entries, this.#deletion(context, options));
  }

  async getSubresource<S extends KubeObject>(name: string, subresource: string): Promise<S> {
    return this.#subresource<S>("get", "GET", name, subresource, undefined, {});
  }

  async updateSubresource<S extends KubeObject>(
    name: string,
    subresource: string,
    object: S,
    options: WriteOptions = {},
  ): Promise<S> {
    if (this.#isView(subresource))
      return this.#replace(object as unknown as T, subresource, options) as unknown as Promise<S>;
    return this.#subresource<S>("update", "PUT", name, subresource, object, options);
  }

  async createSubresource<S extends KubeObject>(
    name: string,
    subresource: string,
    object: S,
    options: WriteOptions = {},
  ): Promise<S> {
    return this.#subresource<S>("create", "POST", name, subresource, object, options);
  }

  #isView(subresource: string): boolean {
    return this.#served.subresources.get(subresource)?.kind === this.#served.descriptor.gvk.kind;
  }

  async #subresource<S>(
    verb: string,
    method: string,
    name: string,
    subresource: string,
    object: unknown,
    options: WriteOptions,
  ): Promise<S> {
    const context = await this.#begin(verb, name, options.signal, subresource);
    const request = new LocalRequest(this.#identity, {
      method,
      path: "",
      headers: { "content-type": "application/json" },
      ...(object === undefined ? {} : { body: JSON.stringify(object) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const query = options.dryRun === true ? new Query("dryRun=All") : noQuery;
    const { services } = this.#server;
    return objectOf<S>(await handleResource({ served: this.#served, request, query, context, services }));
  }

  async #replace(object: T, subresource: string, options: WriteOptions): Promise<T> {
    const name = object.metadata.name ?? "";
    const context = await this.#begin("update", name, options.signal, subresource, this.#namespaceOf(object));
    const { result } = await updateObject(this.#served.registry, {
      ...this.#write(context, options),
      namespace: this.#namespaceOf(object),
      name,
      subresource,
      produce: () => this.#copy(object),
    });
    return result.object as T;
  }

  /** The registry changes what it is given; callers' objects may be the cache's own. */
  #copy(object: T): KubeObject {
    const { codec, gvk } = this.#served.descriptor;
    const copy = codec.normalize({ ...object, kind: gvk.kind, apiVersion: apiVersionOf(gvk) });
    codec.applyDefaults(copy);
    return copy;
  }

  #page(options: ListOptions): Promise<Page> {
    const request = {
      namespace: this.#namespace,
      selection: parseSelection(this.#served.descriptor, options.labelSelector, options.fieldSelector),
      limit: options.limit ?? 0,
      continueToken: options.continue ?? "",
      resourceVersion: options.resourceVersion ?? "",
      resourceVersionMatch: options.resourceVersionMatch ?? "",
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
    checkListOptions(request);
    return listPage(this.#served.registry, request);
  }

  #write(context: LiveContext, options: WriteOptions) {
    const { fieldManager } = options;
    return {
      context,
      dryRun: options.dryRun === true,
      options: {},
      ...(fieldManager === undefined ? {} : { fieldManager }),
    };
  }

  #deletion(context: LiveContext, options: DeleteOptions) {
    const { gracePeriodSeconds, propagationPolicy, preconditions } = options;
    return {
      context,
      dryRun: options.dryRun === true,
      options: { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1" },
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy === undefined ? {} : { propagation: propagationPolicy }),
      ...(preconditions === undefined ? {} : { preconditions }),
    };
  }

  #namespaceOf(object?: KubeObject): string {
    if (!this.#served.descriptor.facts.namespaced) return "";
    const namespace = this.#namespace === "" ? (object?.metadata.namespace ?? "") : this.#namespace;
    if (namespace === "") throw newBadRequest("an empty namespace may not be set when a resource name is provided");
    return namespace;
  }

  /** Authorizes the call and makes its context. */
  async #begin(
    verb: string,
    name: string,
    signal: AbortSignal | undefined,
    subresource = "",
    namespace = this.#namespace,
  ): Promise<LiveContext> {
    const { clock, random, authorizer } = this.#server.options;
    const { group, version, facts } = this.#served.descriptor;
    const info: RequestInfo = {
      isResourceRequest: true,
      path: "",
      verb,
      apiPrefix: group === "" ? "api" : "apis",
      apiGroup: group,
      apiVersion: version,
      namespace: facts.namespaced ? namespace : "",
      resource: facts.name,
      subresource,
      name,
      parts: [],
    };
    const request = new LocalRequest(this.#identity, {
      method: "",
      path: "",
      ...(signal === undefined ? {} : { signal }),
    });
    const context = new LiveContext(request, info, this.#identity.user, clock.now(), random.uuid());
    if (authorizer === undefined) return context;
    const attributes = attributesOf(this.#identity.user, info);
    const answer = authorizer.authorize(attributes, context.signal);
    const { decision, reason, evaluationError } = answer instanceof Promise ? await answer : answer;
    if (decision !== "allow") throw forbidden(attributes, reason, evaluationError);
    return context;
  }
}
