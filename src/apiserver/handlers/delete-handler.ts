import { isStatusError, newForbidden } from "../../apimachinery/index.ts";
import type { CacheEntry } from "../cacher/entry.ts";
import type { ApiRequest, ApiResponse } from "../http/exchange.ts";
import { statusReply } from "../http/reply.ts";
import { groupResourceOf } from "../registry/errors.ts";
import { type DeleteRequest, deleteObject, type Propagation } from "../registry/delete.ts";
import { listPage } from "../registry/reads.ts";
import { bodyBytesMax, headerText } from "./body.ts";
import { decodeDeleteOptions, type DeleteOptionsBody } from "./delete-options.ts";
import { bodyMediaType } from "./negotiation.ts";
import { optionsInvalid } from "../registry/list-options.ts";
import { integer, listParameters, parseDryRun } from "./options.ts";
import { entriesOfPage, renderList, renderObject } from "./render.ts";
import { isList, renderOptionsOf, type ResourceCall } from "./resource-handler.ts";
import type { Query } from "../request/query.ts";
import type { ServedResource } from "./served.ts";

/** Objects deleted at the same time by one deletecollection. */
const parallelDeletes = 16;

export async function handleDelete(call: ResourceCall): Promise<ApiResponse> {
  const { served, context } = call;
  const options = renderOptionsOf(call);
  const deletion = await deletionOf(call);
  warn(call, deletion);
  const { name } = context.info;
  const why = served.descriptor.strategy.whyNotDelete?.(name);
  if (why !== undefined) throw newForbidden(groupResourceOf(served.descriptor), name, why);
  const { result, gone } = await deleteObject(served.registry, {
    ...deletion,
    namespace: context.info.namespace,
    name,
  });
  if (!gone || returnsDeleted(served)) return renderObject(served, result, options);
  const { group, facts } = served.descriptor;
  return statusReply({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name: context.info.name,
      ...(group === "" ? {} : { group }),
      kind: facts.name,
      ...(result.object.metadata.uid === undefined ? {} : { uid: result.object.metadata.uid }),
    },
  });
}

function warn({ served, context }: ResourceCall, { propagation }: Deletion): void {
  const { strategy } = served.descriptor;
  for (const text of strategy.warningsOnDelete?.(propagation === undefined) ?? []) context.warn(text);
}

/** Upstream: kinds whose store has `ReturnDeletedObject`. */
const returned: ReadonlySet<string> = new Set([
  "/namespaces",
  "/persistentvolumeclaims",
  "/persistentvolumes",
  "/pods",
  "/podtemplates",
  "/resourcequotas",
  "/serviceaccounts",
  "/services",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/resourceclaims",
  "resource.k8s.io/resourceclaimtemplates",
  "resource.k8s.io/resourceslices",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/storageclasses",
  "storage.k8s.io/volumeattachments",
  "storage.k8s.io/volumeattributesclasses",
]);

function returnsDeleted({ descriptor }: ServedResource): boolean {
  return descriptor.strategy.returnsDeleted ?? returned.has(`${descriptor.group}/${descriptor.facts.name}`);
}

export async function handleDeleteCollection(call: ResourceCall): Promise<ApiResponse> {
  const { served, context, query } = call;
  const options = renderOptionsOf(call);
  if (options.accepted.projection === "metadata") throw isList(served);
  const parameters = listParameters(served.descriptor, context.info.namespace, query, context.signal);
  const deletion = await deletionOf(call);
  warn(call, deletion);
  const page = await listPage(served.registry, parameters);
  const entries = await entriesOfPage(served, page);
  await deleteAll(served, entries, deletion);
  return renderList(served, page, options);
}

type Deletion = Omit<DeleteRequest, "namespace" | "name">;

export async function deleteAll(
  served: ServedResource,
  entries: readonly CacheEntry[],
  deletion: Deletion,
): Promise<void> {
  const waiting = entries.values();
  const worker = async (): Promise<void> => {
    for (const entry of waiting) {
      const { namespace = "", name = "" } = entry.object.metadata;
      try {
        await deleteObject(served.registry, { ...deletion, namespace, name, collected: true });
      } catch (error) {
        // Somebody else was faster.
        if (!isStatusError(error, "NotFound")) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallelDeletes, entries.length) }, worker));
}

/** DeleteOptions from the body; from the query only where there is no body. */
async function deletionOf(call: ResourceCall): Promise<Deletion> {
  const { request, query, context } = call;
  const options = (await readDeleteOptions(request)) ?? optionsOfQuery(query);
  const problems: string[] = [];
  const propagation = propagationOf(options, problems);
  const dryRun = parseDryRun(options.dryRun ?? [], problems);
  if (problems.length > 0) throw optionsInvalid("DeleteOptions", problems);
  return {
    context,
    options: { kind: "DeleteOptions", apiVersion: "meta.k8s.io/v1", ...options },
    dryRun,
    ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
    ...(propagation === undefined ? {} : { propagation }),
    ...(options.preconditions === undefined ? {} : { preconditions: options.preconditions }),
  };
}

function optionsOfQuery(query: Query): DeleteOptionsBody {
  return {
    ...(query.has("gracePeriodSeconds") ? { gracePeriodSeconds: integer(query, "gracePeriodSeconds") } : {}),
    ...(query.has("orphanDependents") ? { orphanDependents: query.flag("orphanDependents") } : {}),
    ...(query.get("propagationPolicy") === undefined ? {} : { propagationPolicy: query.get("propagationPolicy") }),
    ...(query.all("dryRun").length === 0 ? {} : { dryRun: query.all("dryRun") }),
  };
}

function propagationOf(options: DeleteOptionsBody, problems: string[]): Propagation | undefined {
  const { propagationPolicy: policy, orphanDependents } = options;
  if (policy !== undefined && orphanDependents !== undefined) {
    problems.push(
      "propagationPolicy: Invalid value: " +
        JSON.stringify(policy) +
        ": orphanDependents and deletionPropagation cannot be both set",
    );
  } else if (policy === "Orphan" || policy === "Background" || policy === "Foreground") return policy;
  else if (policy !== undefined) {
    problems.push(
      `propagationPolicy: Unsupported value: ${JSON.stringify(policy)}: supported values: "Foreground", "Background", "Orphan", "nil"`,
    );
  }
  return orphanDependents === undefined ? undefined : orphanDependents ? "Orphan" : "Background";
}

async function readDeleteOptions(request: ApiRequest): Promise<DeleteOptionsBody | undefined> {
  const bytes = await request.body(bodyBytesMax);
  if (bytes.length === 0) return undefined;
  return decodeDeleteOptions(bytes, bodyMediaType(headerText(request, "content-type")));
}
