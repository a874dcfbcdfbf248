import { newBadRequest, newFailure, quote, type StatusError } from "../../apimachinery/index.ts";
import type { Clock } from "../../base/index.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { createObject } from "../registry/create.ts";
import { checkIdentity, dropDuplicateOwners } from "../registry/metadata.ts";
import { listPage, type Page } from "../registry/reads.ts";
import { updateObject } from "../registry/update.ts";
import type { WatchObserver } from "../metrics/request-metrics.ts";
import type { LiveContext } from "../request/context.ts";
import type { Query } from "../request/query.ts";
import { bodyKindOf, headerText, readObject } from "./body.ts";
import { getComputed, listComputed } from "./computed.ts";
import { handleDelete, handleDeleteCollection } from "./delete-handler.ts";
import type { FlushScheduler } from "./flush-scheduler.ts";
import { type Accepted, negotiate, withoutTable, wrongProjection } from "./negotiation.ts";
import { admissionOptions, listParameters, writeParameters } from "./options.ts";
import { handlePatch } from "./patch-handler.ts";
import { type RenderOptions, renderList, renderObject } from "./render.ts";
import type { ServedResource } from "./served.ts";
import type { IncludeObject } from "./table.ts";
import type { OpenWatches } from "./open-watches.ts";
import { handleWatch } from "./watch-handler.ts";
import type { SubresourceHandlers } from "./subresource-handlers.ts";

/** One request for one resource, on its way through the handlers. */
export interface ResourceCall {
  readonly served: ServedResource;
  readonly request: ApiRequest;
  readonly query: Query;
  readonly context: LiveContext;
  readonly services: HandlerServices;
}

export interface HandlerServices {
  readonly clock: Clock;
  readonly random: { next(): number };
  readonly scheduler: FlushScheduler;
  readonly subresources: SubresourceHandlers;
  /** Watches without `timeoutSeconds` last between this and twice this. */
  readonly watchTimeoutMs: number;
  readonly bookmarkIntervalMs: number;
  /** Counts open watches. */
  readonly watchStarted: (served: ServedResource, context: LiveContext) => WatchObserver;
  /** Open watches, to be ended when the server ends. */
  readonly openWatches: OpenWatches;
  /** Told of every list. */
  listed(served: ServedResource, page: Page): void;
}

/** Collections are created in, single objects are changed. */
function scopeAllows({ info: { verb, parts } }: LiveContext): boolean {
  const named = (parts[1] ?? "") !== "";
  if (verb === "create") return !named;
  return named || (verb !== "update" && verb !== "patch");
}

export async function handleResource(call: ResourceCall): Promise<ApiResponse> {
  const { served, context } = call;
  const { verb, subresource } = context.info;
  const { deprecation } = served.descriptor;
  if (deprecation !== undefined) context.deprecated(deprecation);
  if (subresource !== "") return call.services.subresources.handle(call);
  if (!served.verbs.has(verb) || !scopeAllows(context)) throw notAllowed(served, verb);
  switch (verb) {
    case "get":
      return handleGet(call);
    case "list":
      return handleList(call);
    case "watch":
      return handleWatch(call);
    case "create":
      return handleCreate(call);
    case "update":
      return handleUpdate(call);
    case "patch":
      return handlePatch(call, "");
    case "delete":
      return handleDelete(call);
    case "deletecollection":
      return handleDeleteCollection(call);
    default:
      throw methodNotAllowed();
  }
}

/** A watch has a path like a list, which only then finds that nobody can watch. */
function notAllowed({ descriptor, verbs }: ServedResource, verb: string): StatusError {
  if (verb !== "watch" || !verbs.has("list")) return methodNotAllowed();
  const { name } = descriptor.facts;
  const message = `watch is not supported on resources of kind ${JSON.stringify(name)}`;
  return newFailure(405, "MethodNotAllowed", message, { ...groupOf(descriptor.group), kind: name });
}

const groupOf = (group: string) => (group === "" ? {} : { group });

/** Also what clients make of the plain 405 of upstream's router. */
export function methodNotAllowed(): StatusError {
  return newFailure(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {});
}

export function acceptedOf({ request, served, context }: ResourceCall): Accepted {
  const { verb, subresource } = context.info;
  const accept = headerText(request, "accept");
  const accepted = negotiate(accept, {
    // A scale is a built-in kind, whatever it scales.
    jsonOnly: served.descriptor.jsonOnly === true && subresource !== "scale",
    collection: verb === "list" || verb === "watch",
    stream: verb === "watch",
  });
  return hasNoTable(served, subresource) ? withoutTable(accept, accepted) : accepted;
}

/** Subresources that upstream does not print, though it prints their objects. */
const unprinted: ReadonlySet<string> = new Set([
  "/pods/ephemeralcontainers",
  "/pods/resize",
  "apiextensions.k8s.io/customresourcedefinitions/status",
  "apiregistration.k8s.io/apiservices/status",
  "certificates.k8s.io/certificatesigningrequests/approval",
  "resource.k8s.io/resourceclaims/status",
]);

function hasNoTable({ descriptor }: ServedResource, subresource: string): boolean {
  return subresource !== "" && unprinted.has(`${descriptor.group}/${descriptor.facts.name}/${subresource}`);
}

export function renderOptionsOf(call: ResourceCall): RenderOptions {
  const include = call.query.get("includeObject") ?? "";
  const accepted = acceptedOf(call);
  if (accepted.projection === "table" && !["", "None", "Object", "Metadata"].includes(include)) {
    const why = `includeObject: Invalid value: ${quote(include)}: must be 'Metadata', 'Object', 'None', or empty`;
    throw newBadRequest(`Unable to convert to Table as requested: ${why}`);
  }
  return {
    accepted,
    include: include === "None" || include === "Object" ? (include as IncludeObject) : "Metadata",
    nowMs: call.services.clock.now(),
  };
}

/** 406 to whom asks for a list as if it were one object. */
export function isList({ descriptor }: ServedResource): StatusError {
  return wrongProjection(descriptor.group, descriptor.facts.list ?? `${descriptor.gvk.kind}List`, true);
}

async function handleGet(call: ResourceCall): Promise<ApiResponse> {
  const { served, context, query } = call;
  const options = renderOptionsOf(call);
  if (served.computed !== undefined) return getComputed(call, served.computed, options);
  const entry = await served.registry.get(
    context.info.namespace,
    context.info.name,
    query.get("resourceVersion"),
    context.signal,
  );
  return renderObject(served, entry, options);
}

async function handleList(call: ResourceCall): Promise<ApiResponse> {
  const { served, context, query } = call;
  const options = renderOptionsOf(call);
  if (served.computed !== undefined) return listComputed(call, served.computed, options);
  if (options.accepted.projection === "metadata") throw isList(served);
  const page = await listPage(
    served.registry,
    listParameters(served.descriptor, context.info.namespace, query, context.signal),
  );
  call.services.listed(served, page);
  return renderList(served, page, options);
}

async function handleCreate(call: ResourceCall): Promise<ApiResponse> {
  const { served, context, query, request } = call;
  const options = renderOptionsOf(call);
  const parameters = writeParameters(query, "CreateOptions");
  const object = await readObject(request, bodyKindOf(served.descriptor), parameters.fieldValidation, context);
  const write = {
    context,
    options: admissionOptions("CreateOptions", query),
    ...parameters,
  };
  const created = await createObject(served.registry, write, context.info.namespace, object);
  return renderObject(served, created, options, 201);
}

async function handleUpdate(call: ResourceCall): Promise<ApiResponse> {
  return replace(call, "");
}

/** PUT of the object or of a subresource that has the object's shape. */
export async function replace(call: ResourceCall, subresource: string): Promise<ApiResponse> {
  const { served, context, query, request } = call;
  const options = renderOptionsOf(call);
  const parameters = writeParameters(query, "UpdateOptions");
  const kind = bodyKindOf(served.descriptor);
  const first = await readObject(request, kind, parameters.fieldValidation, context);
  checkIdentity(first, context.info, served.descriptor.facts.namespaced);
  dropDuplicateOwners(first.metadata, context, "sent");
  const { uid = "" } = first.metadata;
  const original = JSON.stringify(first);
  let used = false;
  const { result, created } = await updateObject(served.registry, {
    context,
    options: admissionOptions("UpdateOptions", query),
    ...parameters,
    namespace: context.info.namespace,
    name: context.info.name,
    subresource,
    ...(uid === "" ? {} : { precondition: { uid } }),
    produce: () => {
      if (!used) {
        used = true;
        return first;
      }
      return JSON.parse(original) as typeof first;
    },
  });
  return renderObject(served, result, options, created ? 201 : 200);
}
