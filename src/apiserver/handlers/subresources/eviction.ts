import {
  goList,
  invalid,
  type KubeObject,
  newBadRequest,
  newFailure,
  newInternalError,
  newInvalid,
  newTooManyRequests,
  selectorFromObject,
  StatusError,
} from "../../../apimachinery/index.ts";
import type { Scheme } from "../../../api/index.ts";
import { entriesOf } from "../../cacher/range.ts";
import { alreadyAdmitted } from "../../admission/contract.ts";
import type { ApiResponse } from "../../http/exchange.ts";
import { statusReply } from "../../http/reply.ts";
import { type DeleteRequest, deleteObject } from "../../registry/delete.ts";
import { timeText } from "../../registry/times.ts";
import { updateObject } from "../../registry/update.ts";
import { type BodyKind, readObject } from "../body.ts";
import { admissionOptions, writeParameters } from "../options.ts";
import { type ResourceCall } from "../resource-handler.ts";
import { markDisrupted } from "./disruption-target.ts";
import type { ResourceTable } from "../served.ts";

interface Eviction extends KubeObject {
  deleteOptions?: {
    gracePeriodSeconds?: number;
    preconditions?: { uid?: string; resourceVersion?: string };
    propagationPolicy?: string;
    dryRun?: readonly string[];
    ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
  };
}

interface Pod extends KubeObject {
  status?: { phase?: string; conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface DisruptionBudget extends KubeObject {
  spec?: { selector?: { matchLabels?: Record<string, string> }; unhealthyPodEvictionPolicy?: string };
  status?: {
    observedGeneration?: number;
    disruptionsAllowed?: number;
    currentHealthy?: number;
    desiredHealthy?: number;
    disruptedPods?: Record<string, string>;
  };
}

const evictionKind = { group: "policy", version: "v1", kind: "Eviction" };

/** What disruptions may be under way at once before the budget's controller must catch up. */
const disruptedPodsMax = 2_000;

/** `pods/eviction`: deletes a pod unless a PodDisruptionBudget says no. */
export function evictionHandler(scheme: Scheme, table: ResourceTable) {
  const kind: BodyKind = { ...evictionKind, codec: scheme.codec(evictionKind) };
  return async (call: ResourceCall): Promise<ApiResponse> => {
    const { served, context, query, request } = call;
    const { namespace, name } = context.info;
    const parameters = writeParameters(query, "CreateOptions");
    const posted = (await readObject(request, kind, parameters.fieldValidation, context)) as Eviction;
    const { deleteOptions = {} } = await admitted(call, posted, parameters.dryRun);
    const dryRun = parameters.dryRun || (deleteOptions.dryRun ?? []).includes("All");
    const pod = (await served.registry.get(namespace, name, undefined, context.signal)).object as Pod;
    if (needsBudget(pod)) await takeFromBudget(call, table, pod, dryRun);
    const asked = { uid: pod.metadata.uid ?? "", ...deleteOptions.preconditions };
    const preconditions = dryRun ? asked : await markDisrupted(call, asked);
    const deletion: DeleteRequest = {
      context,
      options: admissionOptions("DeleteOptions", query),
      dryRun,
      namespace,
      name,
      preconditions,
      ...(deleteOptions.gracePeriodSeconds === undefined
        ? {}
        : { gracePeriodSeconds: deleteOptions.gracePeriodSeconds }),
      admission: alreadyAdmitted,
    };
    await deleteObject(served.registry, deletion);
    return statusReply({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 });
  };
}

/** Admission sees the eviction; the deletion that it comes to is not asked about again, as upstream. */
async function admitted(
  { served, context, query }: ResourceCall,
  object: Eviction,
  dryRun: boolean,
): Promise<Eviction> {
  const { namespace, name } = context.info;
  const { registry } = served;
  object.metadata.namespace ??= namespace;
  const options = admissionOptions("CreateOptions", query);
  const of = { namespace, name, subresource: "eviction", object, oldObject: undefined };
  const attributes = { ...registry.attributes("CREATE", { context, options, dryRun }, of), kind: evictionKind };
  await registry.admission.admit(attributes);
  const eviction = (attributes.object ?? object) as Eviction;
  if (eviction.metadata.name !== name) throw newBadRequest("name in URL does not match name in Eviction object");
  checkDeletion(eviction, name, dryRun);
  await registry.admission.validate(attributes);
  return eviction;
}

function checkDeletion({ deleteOptions = {} }: Eviction, name: string, dryRun: boolean): void {
  if (deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential === true) {
    const path = "deleteOptions.ignoreStoreReadErrorWithClusterBreakingPotential";
    const why = "can not be set for pod eviction, try after removing the option";
    throw newInvalid({ group: "policy", kind: "Eviction" }, name, [invalid(path, true, why)]);
  }
  const { dryRun: own = [] } = deleteOptions;
  if (!dryRun || own.length === 0 || (own.length === 1 && own[0] === "All")) return;
  const both = `${goList(["All"])} and ${goList(own)}`;
  throw newFailure(500, "", `Non-matching dry-run options in request and content: ${both}`);
}

/** Pods that do not run serve nobody. */
function needsBudget(pod: Pod): boolean {
  const phase = pod.status?.phase ?? "";
  return (
    phase !== "Succeeded" && phase !== "Failed" && phase !== "Pending" && pod.metadata.deletionTimestamp === undefined
  );
}

async function takeFromBudget(call: ResourceCall, table: ResourceTable, pod: Pod, dryRun: boolean): Promise<void> {
  const budgets = table.get("policy", "v1", "poddisruptionbudgets");
  if (budgets === undefined) return;
  const { registry } = budgets;
  await registry.cache.fresh(call.context.signal);
  const namespace = pod.metadata.namespace ?? "";
  const found = [...entriesOf(registry.cache.snapshot(), { prefix: registry.prefixOf(namespace) })]
    .map((entry) => entry.object as DisruptionBudget)
    .filter((budget) => selectorFromObject(budget.spec?.selector).matches(pod.metadata.labels));
  const [budget] = found;
  if (budget === undefined) return;
  if (found.length > 1) {
    throw newInternalError(
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  }
  if (unhealthyMayGo(pod, budget)) return;
  await updateObject(registry, {
    context: call.context,
    options: {},
    dryRun,
    namespace,
    name: budget.metadata.name ?? "",
    subresource: "status",
    managed: true,
    rules: {},
    produce: (existing) =>
      lowered(structuredClone(existing as DisruptionBudget), pod, timeText(call.context.receivedAtMs)),
  });
}

function unhealthyMayGo(pod: Pod, { spec, status }: DisruptionBudget): boolean {
  const ready = pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");
  if (ready === true) return false;
  if (spec?.unhealthyPodEvictionPolicy === "AlwaysAllow") return true;
  const desired = status?.desiredHealthy ?? 0;
  return (status?.currentHealthy ?? 0) >= desired && desired > 0;
}

function lowered(budget: DisruptionBudget, pod: Pod, now: string): DisruptionBudget {
  const { metadata, status = {} } = budget;
  const { disruptionsAllowed = 0, disruptedPods = {} } = status;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) {
    throw refusal(`The disruption budget ${metadata.name} is still being processed by the server.`, 10);
  }
  if (disruptionsAllowed < 0) throw newFailure(403, "Forbidden", `pdb disruptions allowed is negative`);
  if (Object.keys(disruptedPods).length > disruptedPodsMax) {
    throw newFailure(
      403,
      "Forbidden",
      "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
    );
  }
  if (disruptionsAllowed === 0) {
    const { desiredHealthy = 0, currentHealthy = 0 } = status;
    throw refusal(
      `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
      0,
    );
  }
  return {
    ...budget,
    metadata: { ...metadata },
    status: {
      ...status,
      disruptionsAllowed: disruptionsAllowed - 1,
      disruptedPods: { ...disruptedPods, [pod.metadata.name ?? ""]: now },
    },
  };
}

function refusal(cause: string, retryAfterSeconds: number): StatusError {
  const { status } = newTooManyRequests(
    "Cannot evict pod as it would violate the pod's disruption budget.",
    retryAfterSeconds,
  );
  const causes = [{ reason: "DisruptionBudget", message: cause }];
  return new StatusError({ ...status, details: { ...status.details, causes } });
}
