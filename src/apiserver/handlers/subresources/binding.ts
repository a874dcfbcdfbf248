import {
  fieldErrorMessage,
  type KubeObject,
  newBadRequest,
  newConflict,
  newFailure,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import type { Scheme } from "../../../api/index.ts";
import { type AdmissionAttributes, alreadyAdmitted } from "../../admission/contract.ts";
import type { ApiResponse } from "../../http/exchange.ts";
import { statusReply } from "../../http/reply.ts";
import { timeText } from "../../registry/times.ts";
import { updateObject } from "../../registry/update.ts";
import type { LiveContext } from "../../request/context.ts";
import type { Query } from "../../request/query.ts";
import type { ApiRequest } from "../../http/exchange.ts";
import { type BodyKind, readObject } from "../body.ts";
import { admissionOptions, writeParameters } from "../options.ts";
import { unknownResource } from "../not-found.ts";
import { methodNotAllowed, type ResourceCall } from "../resource-handler.ts";
import type { ResourceTable, ServedResource } from "../served.ts";

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

interface Pod extends KubeObject {
  spec: { nodeName?: string; schedulingGates?: readonly unknown[] };
  status?: { conditions?: readonly Condition[]; nominatedNodeName?: string };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastProbeTime?: string | null;
  readonly lastTransitionTime?: string;
  readonly observedGeneration?: number;
}

const resource = { group: "", resource: "pods/binding" };
const podResource = { group: "", version: "v1", resource: "pods" };
const bindingGvk = { group: "", version: "v1", kind: "Binding" };

/** `pods/binding`: places a pod on a node, once. */
export function bindingHandler(scheme: Scheme) {
  const kind = bindingKind(scheme);
  return async (call: ResourceCall): Promise<ApiResponse> => {
    const { name, namespace } = call.context.info;
    const posted = await readBinding(call.request, call.query, call.context, kind);
    const of = { resource: podResource, subresource: "binding", namespace, name };
    const attributes = attributesOf(call.context, call.query, of, posted);
    const admission = call.served.registry.admission;
    await admission.admit(attributes);
    const binding = attributes.object as Binding;
    if (binding.metadata.name !== name) {
      throw newBadRequest("name in URL does not match name in Binding object");
    }
    validate(binding);
    await admission.validate(attributes);
    return bind(call.served, call.context, call.query, { namespace, name, binding });
  };
}

/** The older way: POST of a Binding to the namespace. */
export function bindingsCollection(scheme: Scheme, table: ResourceTable) {
  const kind = bindingKind(scheme);
  return async (request: ApiRequest, query: Query, context: LiveContext): Promise<ApiResponse> => {
    if ((context.info.parts[1] ?? "") !== "") throw unknownResource();
    if (context.info.verb !== "create") throw methodNotAllowed();
    const pods = table.get("", "v1", "pods");
    const posted = await readBinding(request, query, context, kind);
    const { name = "" } = posted.metadata;
    if (pods === undefined || name === "") throw newBadRequest("name is required");
    const { namespace } = context.info;
    const of = { resource: { ...podResource, resource: "bindings" }, subresource: "", namespace, name };
    const attributes = attributesOf(context, query, of, posted);
    await pods.registry.admission.admit(attributes);
    const binding = attributes.object as Binding;
    validate(binding);
    await pods.registry.admission.validate(attributes);
    return bind(pods, context, query, { namespace, name, binding });
  };
}

function bindingKind(scheme: Scheme): BodyKind {
  return { ...bindingGvk, codec: scheme.codec(bindingGvk) };
}

async function readBinding(request: ApiRequest, query: Query, context: LiveContext, kind: BodyKind): Promise<Binding> {
  const { fieldValidation } = writeParameters(query, "CreateOptions");
  return (await readObject(request, kind, fieldValidation, context)) as Binding;
}

type Where = Pick<AdmissionAttributes, "resource" | "subresource" | "namespace" | "name">;

function attributesOf(context: LiveContext, query: Query, where: Where, object: Binding): AdmissionAttributes {
  object.metadata.namespace ??= where.namespace;
  return {
    operation: "CREATE",
    kind: bindingGvk,
    ...where,
    object,
    oldObject: undefined,
    options: admissionOptions("CreateOptions", query),
    dryRun: writeParameters(query, "CreateOptions").dryRun,
    context,
  };
}

interface Assignment {
  readonly namespace: string;
  readonly name: string;
  readonly binding: Binding;
}

async function bind(
  pods: ServedResource,
  context: LiveContext,
  query: Query,
  assignment: Assignment,
): Promise<ApiResponse> {
  const { namespace, name } = assignment;
  await updateObject(pods.registry, {
    context,
    options: admissionOptions("CreateOptions", query),
    dryRun: writeParameters(query, "CreateOptions").dryRun,
    namespace,
    name,
    subresource: "binding",
    managed: true,
    rules: {},
    admission: alreadyAdmitted,
    produce: (existing) => assigned(structuredClone(existing as Pod), assignment, timeText(context.receivedAtMs)),
  });
  return statusReply({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
}

/** Upstream answers these as failures of its own. */
function validate({ target }: Binding): void {
  const errors = [];
  if ((target?.kind ?? "") !== "" && target?.kind !== "Node") {
    errors.push(notSupported("target.kind", target?.kind, ["Node", "<empty>"]));
  }
  if ((target?.name ?? "") === "") errors.push(required("target.name"));
  const messages = errors.map(fieldErrorMessage);
  if (messages.length > 0)
    throw newFailure(500, "", messages.length > 1 ? `[${messages.join(", ")}]` : messages.join());
}

function assigned(pod: Pod, { name, binding }: Assignment, now: string): Pod {
  const { metadata, spec } = pod;
  const { uid, resourceVersion } = binding.metadata;
  const stale = (uid ?? "") !== "" && uid !== metadata.uid;
  if (stale)
    throw newConflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    );
  if ((resourceVersion ?? "") !== "" && resourceVersion !== metadata.resourceVersion) {
    throw newConflict(
      resource,
      name,
      "the object has been modified; please apply your changes to the latest version and try again",
    );
  }
  if (metadata.deletionTimestamp !== undefined)
    throw newConflict(resource, name, `pod ${name} is being deleted, cannot be assigned to a host`);
  if ((spec.nodeName ?? "") !== "")
    throw newConflict(resource, name, `pod ${name} is already assigned to node ${JSON.stringify(spec.nodeName)}`);
  if ((spec.schedulingGates?.length ?? 0) > 0)
    throw newConflict(resource, name, `pod ${name} has non-empty .spec.schedulingGates`);
  const annotations = binding.metadata.annotations;
  const labels = binding.metadata.labels;
  // The hint where the pod may go has done its work.
  const { nominatedNodeName: _nominated, ...status } = pod.status ?? {};
  return {
    ...pod,
    metadata: {
      ...metadata,
      ...(annotations === undefined ? {} : { annotations: { ...metadata.annotations, ...annotations } }),
      ...(labels === undefined ? {} : { labels: { ...metadata.labels, ...labels } }),
    },
    spec: { ...spec, nodeName: binding.target?.name ?? "" },
    status: { ...status, conditions: scheduled(pod.status?.conditions ?? [], now, metadata.generation) },
  };
}

function scheduled(
  conditions: readonly Condition[],
  now: string,
  generation: number | undefined,
): readonly Condition[] {
  const condition: Condition = {
    type: "PodScheduled",
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    status: "True",
    lastProbeTime: null,
    lastTransitionTime: now,
  };
  const others = conditions.filter((one) => one.type !== "PodScheduled");
  return conditions.length === others.length
    ? [...conditions, condition]
    : conditions.map((one) => (one.type === "PodScheduled" ? condition : one));
}
