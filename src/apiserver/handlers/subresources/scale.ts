import {
  applyJsonPatch,
  applyMergePatch,
  applyStrategicMergePatch,
  FieldManager,
  fieldPath,
  formatLabelSelector,
  invalid,
  type KubeObject,
  type ManagedFieldsEntry,
  nameIsDnsSubdomain,
  newInternalError,
  newInvalid,
  type ParsedYaml,
  quote,
  validateObjectMeta,
} from "../../../apimachinery/index.ts";
import type { Scheme } from "../../../api/index.ts";
import { type Admission, type AdmissionAttributes, alreadyAdmitted } from "../../admission/contract.ts";
import type { ApiResponse } from "../../http/exchange.ts";
import { bytesReply } from "../../http/reply.ts";
import { checkEach, checkKubeFinalizer } from "../../registry/common/check.ts";
import { defineTable, integer, ageColumn, nameColumn } from "../../registry/common/table.ts";
import type { Strategy } from "../../registry/contract.ts";
import { checkIdentity } from "../../registry/metadata.ts";
import { updateObject } from "../../registry/update.ts";
import { type BodyKind, bodyBytesMax, headerText, readObject, textOf } from "../body.ts";
import { mediaTypes, wrongProjection } from "../negotiation.ts";
import { admissionOptions, writeParameters } from "../options.ts";
import { partialProtobuf } from "../partial-protobuf.ts";
import { decodePatched, patchParameters, patchTypeOf, reportDuplicates } from "../patch-handler.ts";
import { patchProblems } from "../patch-problems.ts";
import { checkKindKept, parseConfiguration, parsePatch } from "../patch-refusal.ts";
import { closeEnvelope } from "../protobuf-envelope.ts";
import { type RenderOptions, renderValue } from "../render.ts";
import { methodNotAllowed, renderOptionsOf, type ResourceCall } from "../resource-handler.ts";
import { partial, tableOf, tableRow } from "../table.ts";
import { ScaleOwners } from "./scale-owners.ts";

export interface Scale extends KubeObject {
  spec?: { replicas?: number };
  status?: { replicas: number; selector?: string };
}

/** As upstream's table of scales. */
const scaleTable = {
  strategy: {
    table: defineTable<Scale>([
      { ...nameColumn, format: "" },
      integer("Desired", "How many pods are wanted.", ({ spec }) => spec?.replicas ?? 0),
      integer("Available", "How many there are.", ({ status }) => status?.replicas ?? 0),
      ageColumn,
    ]),
  },
};

type ScalePaths = NonNullable<Strategy["scale"]>;

const metadataPath = fieldPath("metadata");
const scaleKind = { group: "autoscaling", version: "v1", kind: "Scale" };
const scaleType = { apiVersion: "autoscaling/v1", kind: "Scale" } as const;
const usualPaths: ScalePaths = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };

/** `scale` of every kind that has replicas: reads and writes one number of the object. */
export function scaleHandler(scheme: Scheme) {
  const kind: BodyKind = { ...scaleKind, codec: scheme.codec(scaleKind) };
  return async (call: ResourceCall): Promise<ApiResponse> => {
    const { served, context, query } = call;
    const { verb, namespace, name } = context.info;
    const options = renderOptionsOf(call);
    const paths = served.descriptor.strategy.scale ?? usualPaths;
    if (verb === "get") {
      const entry = await served.registry.get(namespace, name, query.get("resourceVersion"), context.signal);
      if (served.descriptor.jsonOnly) needReplicas(entry.object, paths.specReplicasPath);
      return rendered(scaleOf(entry.object, paths), kind, options);
    }
    if (verb !== "update" && verb !== "patch") throw methodNotAllowed();
    const change = verb === "update" ? await replacement(call, kind) : await patched(call, kind);
    return rendered(await write(call, paths, change), kind, options);
  };
}

function rendered(scale: Scale, { codec }: BodyKind, { accepted, include, nowMs }: RenderOptions): ApiResponse {
  const { projection, version } = accepted;
  if (projection === "table") {
    const rows = [tableRow(scaleTable, scale, include, nowMs, version)];
    const metadata = { resourceVersion: scale.metadata.resourceVersion };
    return renderValue(tableOf(scaleTable, { metadata, rows, columns: true, version }), accepted);
  }
  if (projection === "metadata-list") throw wrongProjection(scaleKind.group, scaleKind.kind, false);
  if (projection !== "whole" && accepted.media === "protobuf") {
    return bytesReply(200, mediaTypes.protobuf, partialProtobuf(scale, version));
  }
  if (projection !== "whole") return renderValue(partial(scale, version), accepted);
  if (accepted.media !== "protobuf") return renderValue(scale, accepted);
  const raw = codec.encodeProtobuf(scale);
  return bytesReply(200, mediaTypes.protobuf, closeEnvelope({ apiVersion: "autoscaling/v1", kind: "Scale", raw }));
}

interface Change {
  /** The wanted scale, given the present one. */
  readonly make: (present: Scale) => Scale;
  readonly precondition?: { readonly uid: string };
  /** It says who owns what itself. */
  readonly isApply?: boolean;
}

async function replacement(call: ResourceCall, kind: BodyKind): Promise<Change> {
  const { fieldValidation } = writeParameters(call.query, "UpdateOptions");
  const scale = (await readObject(call.request, kind, fieldValidation, call.context)) as Scale;
  checkIdentity(scale, call.context.info, true);
  const { uid = "" } = scale.metadata;
  return { make: () => scale, ...(uid === "" ? {} : { precondition: { uid } }) };
}

async function patched(call: ResourceCall, kind: BodyKind): Promise<Change> {
  const type = patchTypeOf(headerText(call.request, "content-type"), call.served.descriptor.jsonOnly);
  const parameters = patchParameters(type, call.query);
  const text = textOf(await call.request.body(bodyBytesMax));
  if (type === "apply") {
    return { make: applied(call, kind, parseConfiguration(text), parameters), isApply: true };
  }
  const patch = parsePatch(type, text);
  const problems = parameters.fieldValidation === "Ignore" ? undefined : patchProblems(type, text, patch);
  const make: Change["make"] = (present) => {
    const value =
      type === "json"
        ? applyJsonPatch(present, patch)
        : type === "strategic"
          ? applyStrategicMergePatch(present, patch, kind.codec.schema)
          : applyMergePatch(present, patch);
    checkKindKept({ type, patch, value }, { gvk: scaleKind });
    const result = { type, patch, value, ...(problems === undefined ? {} : { problems }) };
    const scale = decodePatched(kind, result, undefined, parameters, call) as Scale;
    checkIdentity(scale, call.context.info, true);
    return scale;
  };
  return { make };
}

/** Owners are those of what is scaled, as far as they own its replicas. */
function applied(
  call: ResourceCall,
  kind: BodyKind,
  { value: patch, duplicates }: ParsedYaml,
  parameters: ReturnType<typeof writeParameters>,
): Change["make"] {
  const { context, query, services } = call;
  const options = { manager: parameters.fieldManager ?? "", force: query.flag("force") };
  const fields = new FieldManager({ schema: kind.codec.schema, ...scaleType, subresource: "scale" });
  const lenient = { fieldValidation: "Ignore" } as const;
  return (present) => {
    const merged = fields.apply(present, patch, { ...options, nowMs: services.clock.now() });
    const checked = decodePatched(kind, { type: "apply", patch, value: patch }, undefined, lenient, call) as Scale;
    checkIdentity(checked, context.info, true);
    reportDuplicates(duplicates, parameters.fieldValidation, context);
    return decodePatched(kind, { type: "apply", patch, value: merged }, undefined, lenient, call) as Scale;
  };
}

async function write(
  call: ResourceCall,
  paths: ScalePaths,
  { make, precondition, isApply = false }: Change,
): Promise<Scale> {
  const { served, context, query } = call;
  const { namespace, name } = context.info;
  const parameters = writeParameters(query, "UpdateOptions");
  const options = admissionOptions("UpdateOptions", query);
  const { result } = await updateObject(served.registry, {
    context,
    options,
    ...parameters,
    namespace,
    name,
    subresource: "scale",
    ...(precondition === undefined ? {} : { precondition }),
    rules: served.descriptor.strategy,
    admission: validatedAsScale(served.registry.admission, paths),
    managed: isApply,
    produce: async (existing) => {
      // The cache's object is frozen, and admission may change what it gets.
      const object = structuredClone(existing as KubeObject);
      const { managedFields } = object.metadata;
      const owners = new ScaleOwners(managedFields, pathOf(paths.specReplicasPath), served.descriptor.gvk);
      const present = isApply ? owned(scaleOf(object, paths), owners.ofScale()) : scaleOf(object, paths);
      const wanted = await mutatedAsScale(call, options, parameters.dryRun, make(present), present);
      if (!served.descriptor.jsonOnly) validate(wanted, name);
      const { uid, resourceVersion } = wanted.metadata;
      const metadata = {
        ...object.metadata,
        ...(uid === undefined ? {} : { uid }),
        resourceVersion: resourceVersion || object.metadata.resourceVersion || "",
        ...(isApply ? { managedFields: owners.after(wanted.metadata.managedFields) } : {}),
      };
      return setPath({ ...object, metadata }, pathOf(paths.specReplicasPath), wanted.spec?.replicas ?? 0) as KubeObject;
    },
  });
  return scaleOf(result.object, paths);
}

/** Mutating admission sees the scale, not what it scales. Upstream: `scaleUpdatedObjectInfo`. */
async function mutatedAsScale(
  { served: { registry }, context }: ResourceCall,
  options: unknown,
  dryRun: boolean,
  object: Scale,
  oldObject: Scale,
): Promise<Scale> {
  const { namespace, name } = context.info;
  const of = { namespace, name, subresource: "scale", object, oldObject };
  const attributes = { ...registry.attributes("UPDATE", { context, options, dryRun }, of), kind: scaleKind };
  await registry.admission.admit(attributes);
  return (attributes.object ?? object) as Scale;
}

/** So does validating admission, of the state that is about to be stored. */
function validatedAsScale(admission: Admission, paths: ScalePaths): Admission {
  const scaled = (object: KubeObject | undefined) => (object === undefined ? undefined : scaleOf(object, paths));
  return {
    ...alreadyAdmitted,
    validate: (attributes: AdmissionAttributes) =>
      admission.validate({
        ...attributes,
        kind: scaleKind,
        object: scaled(attributes.object),
        oldObject: scaled(attributes.oldObject),
      }),
  };
}

/** A custom resource that does not say how many it wants has no scale to be read. */
function needReplicas(object: KubeObject, path: string): void {
  if (valueAt(object, pathOf(path)) !== undefined) return;
  throw newInternalError(`the spec replicas field ${quote(path)} does not exist`);
}

/** All of what is sent for a built-in kind is checked, though only the number is taken. */
function validate(scale: Scale, name: string): void {
  const errors = [...validateObjectMeta(scale.metadata, true, nameIsDnsSubdomain, metadataPath)];
  const finalizersPath = metadataPath.child("finalizers");
  checkEach(scale.metadata.finalizers, finalizersPath, errors, checkKubeFinalizer);
  const replicas = scale.spec?.replicas ?? 0;
  if (replicas < 0) errors.push(invalid("spec.replicas", replicas, "must be greater than or equal to 0"));
  if (errors.length > 0) throw newInvalid({ group: "autoscaling", kind: "Scale" }, name, errors);
}

function owned(scale: Scale, managedFields: ManagedFieldsEntry[]): Scale {
  return managedFields.length === 0 ? scale : { ...scale, metadata: { ...scale.metadata, managedFields } };
}

export function scaleOf(object: KubeObject, paths: ScalePaths): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = numberAt(object, paths.specReplicasPath);
  const selector = selectorText(object, paths);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberAt(object, paths.statusReplicasPath), ...(selector === "" ? {} : { selector }) },
  };
}

/** Custom resources have it as a text already; built-in kinds have a selector. */
function selectorText(object: KubeObject, { labelSelectorPath = ".spec.selector" }: ScalePaths): string {
  const selector = valueAt(object, pathOf(labelSelectorPath));
  if (typeof selector === "string") return selector;
  return typeof selector === "object" && selector !== null ? formatSelector(selector) : "";
}

/** ReplicationControllers select by a plain map. */
function formatSelector(selector: object): string {
  const structured = "matchLabels" in selector || "matchExpressions" in selector;
  return formatLabelSelector(
    (structured ? selector : { matchLabels: selector }) as Parameters<typeof formatLabelSelector>[0],
  );
}

function pathOf(path: string): readonly string[] {
  return path.split(".").filter((part) => part !== "");
}

function numberAt(object: unknown, path: string): number {
  const value = valueAt(object, pathOf(path));
  return typeof value === "number" ? value : 0;
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const part of path)
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  return value;
}

/** A copy with one value changed; shares the rest. */
function setPath(object: unknown, path: readonly string[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const fields = typeof object === "object" && object !== null ? (object as Record<string, unknown>) : {};
  return { ...fields, [first]: setPath(fields[first], rest, value) };
}
