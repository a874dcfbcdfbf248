import {
  applyMergePatch,
  applyStrategicMergePatch,
  DecodeError,
  type KubeObject,
  newBadRequest,
  newFailure,
  newUnsupportedMediaType,
} from "../../apimachinery/index.ts";

import { apiVersionOf } from "../cacher/shape.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { managerOf } from "../registry/field-manager.ts";
import { checkIdentity } from "../registry/metadata.ts";
import { updateObject } from "../registry/update.ts";
import type { RequestContext } from "../request/contract.ts";
import type { Query } from "../request/query.ts";
import {
  type BodyKind,
  bodyBytesMax,
  bodyKindOf,
  type FieldValidation,
  headerText,
  reportProblems,
  textOf,
  yamlTwice,
} from "./body.ts";
import { jsonPatched } from "./json-patched.ts";
import { admissionOptions, type WriteParameters, writeParameters } from "./options.ts";
import { allProblems, patchProblems, type PatchProblems } from "./patch-problems.ts";
import { renderObject } from "./render.ts";
import {
  checkKindKept,
  parseConfiguration,
  parsePatch,
  patchMisfit,
  patchNotStrict,
  type Patched,
  type PatchType,
} from "./patch-refusal.ts";
import { renderOptionsOf, type ResourceCall } from "./resource-handler.ts";

const patchTypes: Readonly<Record<string, PatchType>> = {
  "application/json-patch+json": "json",
  "application/merge-patch+json": "merge",
  "application/strategic-merge-patch+json": "strategic",
  "application/apply-patch+yaml": "apply",
};

export async function handlePatch(call: ResourceCall, subresource: string): Promise<ApiResponse> {
  const { served, context, query, request } = call;
  const options = renderOptionsOf(call);
  const type = patchTypeOf(headerText(request, "content-type"), served.descriptor.jsonOnly);
  const parameters = patchParameters(type, query);
  const force = query.flag("force");
  const text = textOf(await request.body(bodyBytesMax));
  const { value: patch, duplicates } =
    type === "apply" ? parseConfiguration(text) : { value: parsePatch(type, text), duplicates: [] };
  const problems =
    type === "apply" || parameters.fieldValidation === "Ignore" ? undefined : patchProblems(type, text, patch);
  const { result, created } = await patchObject({
    call,
    subresource,
    type,
    patch,
    duplicates,
    ...(problems === undefined ? {} : { problems }),
    force,
    parameters,
    options: { ...admissionOptions("PatchOptions", query), ...(force ? { force } : {}) },
  });
  context.annotations.set("patch", type);
  return renderObject(served, result, options, created ? 201 : 200);
}

export interface PatchCall {
  readonly call: {
    readonly served: ResourceCall["served"];
    readonly context: RequestContext;
    readonly services: Pick<ResourceCall["services"], "clock">;
  };
  readonly subresource: string;
  readonly type: PatchType;
  readonly patch: unknown;
  /** What was found twice in a configuration to apply. */
  readonly duplicates?: readonly string[];
  /** What strict decoding has to say of any other patch. */
  readonly problems?: PatchProblems;
  readonly force: boolean;
  readonly parameters: {
    readonly dryRun: boolean;
    readonly fieldManager?: string;
    readonly fieldValidation: FieldValidation;
  };
  readonly options: unknown;
}

/** Applies a parsed patch with retry; for every transport. */
export function patchObject(patching: PatchCall): ReturnType<typeof updateObject> {
  const { call, subresource, type, patch, parameters } = patching;
  const { served, context } = call;
  const { namespace, name } = context.info;
  return updateObject(served.registry, {
    context,
    options: patching.options,
    ...parameters,
    namespace,
    name,
    subresource,
    create: type === "apply",
    managed: type === "apply",
    produce: (existing) => (type === "apply" ? applied(patching, existing) : patched(patching, existing, patch)),
  });
}

function patched(
  { type, call, parameters, problems }: PatchCall,
  existing: KubeObject | undefined,
  patch: unknown,
): KubeObject {
  const { descriptor } = call.served;
  const document = existing ?? {};
  const value =
    type === "json"
      ? jsonPatched(existing ?? { metadata: {} }, patch, descriptor.codec)
      : type === "merge"
        ? applyMergePatch(document, patch)
        : applyStrategicMergePatch(document, patch, descriptor.codec.schema);
  checkKindKept({ type, patch, value }, descriptor);
  const result = { type, patch, value, ...(problems === undefined ? {} : { problems }) };
  const object = decodePatched(bodyKindOf(descriptor), result, existing?.metadata.managedFields, parameters, call);
  checkIdentity(object, call.context.info, descriptor.facts.namespaced);
  return object;
}

type Owners = KubeObject["metadata"]["managedFields"];

/**
 * What a patch made of an object, as a new object of its kind. Its managed fields are not copied where they are
 * `owners`, which are never written to: whoever records owners sees that nobody touched them.
 */
export function decodePatched(
  kind: BodyKind,
  patched: Patched & { readonly problems?: PatchProblems },
  owners: Owners,
  { fieldValidation }: { readonly fieldValidation: FieldValidation },
  { context }: { readonly context: RequestContext },
): KubeObject {
  const { codec } = kind;
  const { type, value } = patched;
  const kept = owners !== undefined && (value as Partial<KubeObject>).metadata?.managedFields === owners;
  try {
    const decoded = codec.decodeValue(kept ? withoutOwners(value as KubeObject) : value, {
      unknownFields: fieldValidation === "Ignore" ? "ignore" : "report",
      ...(type === "apply" ? { keepNulls: true } : {}),
    });
    // The converter upstream has for strategic patches tells what it does not know in order of the alphabet.
    const unknown = type === "strategic" ? decoded.problems.toSorted() : decoded.problems;
    const problems = patched.problems === undefined ? unknown : allProblems(patched.problems, value, unknown);
    if (problems.length > 0 && fieldValidation === "Strict" && type !== "apply")
      throw patchNotStrict(patched, problems);
    reportProblems(problems, kind, fieldValidation, context);
    const object = decoded.object as KubeObject;
    object.metadata ??= {};
    // They may say anything of it.
    if (type === "strategic") Object.assign(object, { apiVersion: apiVersionOf(kind), kind: kind.kind });
    if (kept) object.metadata.managedFields = owners;
    codec.applyDefaults(object);
    return object;
  } catch (error) {
    throw error instanceof DecodeError ? patchMisfit(patched, codec.schema, error) : error;
  }
}

function withoutOwners(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** What a configuration has that its kind lacks is refused whatever is asked for: nobody could own it. */
function applied(
  { call, patch, duplicates = [], parameters, force, subresource }: PatchCall,
  existing: KubeObject | undefined,
): KubeObject {
  const { registry, descriptor } = call.served;
  const manager = managerOf(parameters.fieldManager, call.context.userAgent);
  const lenient = { fieldValidation: "Ignore" } as const;
  const kind = bodyKindOf(descriptor);
  const nowMs = call.services.clock.now();
  const merged = registry.fieldManagers.for(subresource).apply(existing, patch, { manager, force, nowMs });
  const own = { type: "apply", patch, value: merged } as const;
  reportDuplicates(duplicates, parameters.fieldValidation, call.context);
  const object = decodePatched(kind, own, merged.metadata.managedFields, lenient, call);
  checkIdentity(object, call.context.info, descriptor.facts.namespaced);
  return object;
}

export function reportDuplicates(
  duplicates: readonly string[],
  validation: FieldValidation,
  context: RequestContext,
): void {
  if (validation === "Ignore" || duplicates.length === 0) return;
  if (validation === "Strict") {
    throw newBadRequest(`error strict decoding YAML: error converting YAML to JSON: ${yamlTwice(duplicates)}`);
  }
  for (const duplicate of duplicates) context.warn(duplicate);
}

/** Strategic merge needs to know what a kind's lists are keyed by; custom resources do not say in its terms. */
export function patchTypeOf(contentType: string | undefined, custom = false): PatchType {
  const type = patchTypes[(contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? ""];
  if (type !== undefined && !(custom && type === "strategic")) return type;
  // Upstream's router asks for the types of built-in kinds, its handler for those of custom ones.
  if (!custom) throw newFailure(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});
  throw newUnsupportedMediaType(Object.keys(patchTypes).filter((name) => patchTypes[name] !== "strategic"));
}

const noManager: readonly string[] = ["fieldManager: Required value: is required for apply patch"];
const forced: readonly string[] = ["force: Forbidden: may not be specified for non-apply patch"];

/** Throws 422 for options that a patch of this type may not have, or has to have. */
export function patchParameters(type: PatchType, query: Query): WriteParameters {
  if (type !== "apply") return writeParameters(query, "PatchOptions", query.has("force") ? forced : []);
  return writeParameters(query, "PatchOptions", (query.get("fieldManager") ?? "") === "" ? noManager : []);
}
