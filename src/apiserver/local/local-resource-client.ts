import {
  type KubeList,
  type KubeObject,
  newBadRequest,
  newFailure,
  newInternalError,
  StatusError,
} from "../../apimachinery/index.ts";
import {
  deleteBody,
  getQuery,
  listQuery,
  resourcePath,
  watchQuery,
  withQuery,
  writeQuery,
  type QueryValues,
} from "../../client/index.ts";
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
import type { AuditedCall } from "../audit/contract.ts";
import { attributesOf } from "../authz/contract.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import { chosenComputed } from "../handlers/computed.ts";
import { deleteAll } from "../handlers/delete-handler.ts";
import { patchObject } from "../handlers/patch-handler.ts";
import { forbidden } from "../handlers/pipeline.ts";
import { entriesOfPage, listType } from "../handlers/render.ts";
import { handleResource } from "../handlers/resource-handler.ts";
import type { ServedResource } from "../handlers/served.ts";
import { bookmarkMaker, openWatch } from "../handlers/watch-handler.ts";
import { createObject } from "../registry/create.ts";
import { deleteObject } from "../registry/delete.ts";
import { parseSelection } from "../registry/filter.ts";
import { checkListOptions, checkWatchOptions } from "../registry/list-options.ts";
import { listPage, type Page } from "../registry/reads.ts";
import { updateObject } from "../registry/update.ts";
import { LiveContext } from "../request/context.ts";
import type { RequestInfo } from "../request/contract.ts";
import { Query } from "../request/query.ts";
import type { ApiServer } from "../server.ts";
import { audited, auditedStart } from "./audited-call.ts";
import { type LocalIdentity, objectOf } from "./local-client.ts";
import { LocalRequest } from "./local-request.ts";
import { LocalWatch } from "./local-watch.ts";
import { shownDeleteOptions, shownWriteOptions } from "./shown-options.ts";

const noQuery = new Query("");
const neverAborted = new AbortController().signal;

/** What is asked, as a request would have said it; what only a record shows is made only for one. */
interface LocalCall {
  readonly verb: string;
  readonly name?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly options: { readonly signal?: AbortSignal; readonly dryRun?: boolean };
  readonly sent?: () => unknown;
  readonly query?: () => QueryValues;
}

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

  get(name: string, options: GetOptions = {}): Promise<T> {
    return this.#call({ verb: "get", name, options, query: () => getQuery(options) }, async () => {
      const { computed } = this.#served;
      if (computed !== undefined) return (await computed.get(name, options.signal ?? neverAborted)) as T;
      const entry = await this.#served.registry.get(this.#namespaceOf(), name, options.resourceVersion, options.signal);
      return entry.object as T;
    });
  }

  list(options: ListOptions = {}): Promise<KubeList<T>> {
    return this.#call({ verb: "list", options, query: () => listQuery(options) }, async () => {
      const { computed, descriptor } = this.#served;
      if (computed !== undefined) {
        const selection = parseSelection(descriptor, options.labelSelector, options.fieldSelector);
        const items = await chosenComputed(computed, selection, options.signal ?? neverAborted);
        return { ...listType(this.#served), metadata: {}, items: items as T[] };
      }
      const page = await this.#page(options);
      const items = (await entriesOfPage(this.#served, page)).map((entry) => entry.object as T);
      const metadata = {
        resourceVersion: String(page.revision),
        ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
        ...(page.remaining === undefined ? {} : { remainingItemCount: page.remaining }),
      };
      return { ...listType(this.#served), metadata, items };
    });
  }

  watch(options: WatchOptions): WatchStream<T> {
    const { clock } = this.#server.options;
    const open = () => {
      const { sendInitialEvents, resourceVersion = "", resourceVersionMatch = "" } = options;
      checkWatchOptions({ sendInitialEvents, resourceVersion, resourceVersionMatch, continueToken: "" });
      return openWatch(this.#served.registry, {
        namespace: this.#namespace,
        name: "",
        selection: parseSelection(this.#served.descriptor, options.labelSelector, options.fieldSelector),
        resourceVersion,
        sendInitialEvents,
        bookmarks: options.allowWatchBookmarks === true,
        timeoutSeconds: 0,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    };
    return new LocalWatch<T>({
      open: (onClose) => this.#start({ verb: "watch", options, query: () => watchQuery(options) }, open, onClose),
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
    const namespace = this.#namespaceOf(object);
    const call = {
      verb: "create",
      options,
      namespace,
      sent: () => this.#typed(object),
      query: () => writeQuery(options),
    };
    return this.#call(call, async (context) => {
      const { registry } = this.#served;
      const parameters = this.#write(context, "CreateOptions", options);
      const created = await createObject(registry, parameters, namespace, this.#copy(object));
      return created.object as T;
    });
  }

  update(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#replace(object, "", options);
  }

  updateStatus(object: T, options: WriteOptions = {}): Promise<T> {
    return this.#replace(object, "status", options);
  }

  patch(
    name: string,
    patch: Patch,
    options: WriteOptions & { readonly subresource?: string; readonly force?: boolean } = {},
  ): Promise<T> {
    const { subresource = "", force = false } = options;
    const body = patch.type === "json" ? patch.operations : patch.body;
    const query = () => ({ ...writeQuery(options), force });
    return this.#call({ verb: "patch", name, options, subresource, sent: () => body, query }, async (context) => {
      const { result } = await patchObject({
        call: { served: this.#served, context, services: this.#server.services },
        subresource,
        type: patch.type,
        patch: body,
        force,
        parameters: {
          ...this.#write(context, "PatchOptions", options),
          fieldValidation: options.fieldValidation ?? "Ignore",
        },
        options: { ...shownWriteOptions("PatchOptions", options), ...(force ? { force } : {}) },
      });
      return result.object as T;
    });
  }

  delete(name: string, options: DeleteOptions = {}): Promise<void> {
    return this.#call({ verb: "delete", name, options, sent: () => deleteBody(options) }, async (context) => {
      const namespace = this.#namespaceOf();
      await deleteObject(this.#served.registry, { ...this.#deletion(context, options), namespace, name });
    });
  }

  deleteCollection(options: DeleteOptions, list: ListOptions): Promise<void> {
    const sent = () => deleteBody(options);
    return this.#call({ verb: "deletecollection", options, sent, query: () => listQuery(list) }, async (context) => {
      const entries = await entriesOfPage(this.#served, await this.#page(list));
      await deleteAll(this.#served, entries, this.#deletion(context, options));
    });
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

  #subresource<S>(
    verb: string,
    method: string,
    name: string,
    subresource: string,
    object: unknown,
    options: WriteOptions,
  ): Promise<S> {
    const call = { verb, name, options, subresource, sent: () => object, query: () => writeQuery(options) };
    return this.#call(call, async (context) => {
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
    });
  }

  async #replace(object: T, subresource: string, options: WriteOptions): Promise<T> {
    const name = object.metadata.name ?? "";
    const namespace = this.#namespaceOf(object);
    const sent = () => this.#typed(object);
    const call = { verb: "update", name, options, subresource, namespace, sent, query: () => writeQuery(options) };
    return this.#call(call, async (context) => {
      const { uid = "" } = object.metadata;
      const { result } = await updateObject(this.#served.registry, {
        ...this.#write(context, "UpdateOptions", options),
        namespace,
        name,
        subresource,
        ...(uid === "" ? {} : { precondition: { uid } }),
        produce: () => this.#copy(object),
      });
      return result.object as T;
    });
  }

  /** The registry changes what it is given; callers' objects may be the cache's own. */
  #copy(object: T): KubeObject {
    const { codec } = this.#served.descriptor;
    const copy = codec.normalize(this.#typed(object));
    codec.applyDefaults(copy);
    return copy;
  }

  #typed(object: T): T {
    const { gvk } = this.#served.descriptor;
    return { ...object, kind: gvk.kind, apiVersion: apiVersionOf(gvk) };
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

  #write(context: LiveContext, kind: "CreateOptions" | "UpdateOptions" | "PatchOptions", options: WriteOptions) {
    const { fieldManager } = options;
    return {
      context,
      dryRun: options.dryRun === true,
      options: shownWriteOptions(kind, options),
      ...(fieldManager === undefined ? {} : { fieldManager }),
    };
  }

  #deletion(context: LiveContext, options: DeleteOptions) {
    const { gracePeriodSeconds, propagationPolicy, preconditions } = options;
    return {
      context,
      dryRun: options.dryRun === true,
      options: shownDeleteOptions(options),
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

  /** Authorizes a call and does its work; both are in its record, if the server is audited. */
  async #call<R>(call: LocalCall, work: (context: LiveContext) => Promise<R>): Promise<R> {
    const context = this.#contextOf(call);
    const record = this.#record(call, context);
    const code = call.verb === "create" ? 201 : 200;
    const done = async (): Promise<R> => {
      await this.#authorize(context);
      return work(context);
    };
    const { metrics } = this.#server;
    const dryRun = call.options.dryRun === true;
    try {
      const result = await (record === undefined ? done() : audited(record, code, done));
      metrics.called(this.#known, context, code, dryRun);
      return result;
    } catch (error) {
      metrics.called(this.#known, context, error instanceof StatusError ? (error.code ?? 500) : 500, dryRun);
      throw error;
    }
  }

  /** The same for a watch. */
  async #start<R>(call: LocalCall, work: () => Promise<R>, onClose: (listener: () => void) => void): Promise<R> {
    const context = this.#contextOf(call);
    const record = this.#record(call, context);
    const begin = async (): Promise<R> => {
      await this.#authorize(context);
      return work();
    };
    const { metrics } = this.#server;
    let started: R;
    try {
      started = await (record === undefined ? begin() : auditedStart(record, begin));
    } catch (error) {
      metrics.called(this.#known, context, error instanceof StatusError ? (error.code ?? 500) : 500, false);
      throw error;
    }
    const observer = metrics.watchStarted(this.#served, context);
    onClose(() => {
      observer.ended();
      void record?.ended(200, undefined);
    });
    return started;
  }

  #record(call: LocalCall, context: LiveContext): AuditedCall | undefined {
    const { audit } = this.#server.options;
    if (audit === undefined) return undefined;
    const inner = () => ({
      target: withQuery(this.#pathOf(context.info), call.query?.() ?? {}),
      sent: call.sent?.(),
      longRunning: call.verb === "watch",
    });
    return audit.beginCall(inner, context);
  }

  #pathOf({ namespace, name, subresource, resource, apiGroup, apiVersion }: RequestInfo): string {
    return resourcePath({
      resource: { group: apiGroup, version: apiVersion, resource },
      namespace: namespace === "" ? undefined : namespace,
      name: name === "" ? undefined : name,
      subresource: subresource === "" ? undefined : subresource,
    });
  }

  #contextOf({ verb, name = "", subresource = "", namespace = this.#namespace, options }: LocalCall): LiveContext {
    const { clock, random } = this.#server.options;
    const { group, version, facts } = this.#served.descriptor;
    const { signal } = options;
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
    const given = { method: "", path: "", ...(signal === undefined ? {} : { signal }) };
    const request = new LocalRequest(this.#identity, given);
    return new LiveContext(request, info, this.#identity.user, clock.now(), random.uuid());
  }

  async #authorize(context: LiveContext): Promise<void> {
    const { authorizer, audit } = this.#server.options;
    if (authorizer === undefined) return;
    const attributes = attributesOf(this.#identity.user, context.info);
    const answer = authorizer.authorize(attributes, context.signal);
    const { decision, reason, evaluationError } = answer instanceof Promise ? await answer : answer;
    if (audit !== undefined) {
      context.annotate("authorization.k8s.io/decision", decision === "allow" ? "allow" : "forbid");
      context.annotate("authorization.k8s.io/reason", reason);
    }
    if (decision === "allow") return;
    throw evaluationError === undefined ? forbidden(attributes, reason) : newInternalError(evaluationError);
  }
}
