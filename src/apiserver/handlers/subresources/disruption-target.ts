import type { PodCondition } from "../../../api/index.ts";
import type { KubeObject } from "../../../apimachinery/index.ts";
import { alreadyAdmitted } from "../../admission/contract.ts";
import { checkPreconditions, type Preconditions } from "../../registry/delete.ts";
import { timeText } from "../../registry/times.ts";
import { updateObject } from "../../registry/update.ts";
import type { ResourceCall } from "../resource-handler.ts";

type Pod = KubeObject & { status?: { conditions?: readonly PodCondition[] } };

/**
 * Says in the pod's status that it goes because of an eviction, which controllers judge its failure by. Returns the
 * preconditions that hold after that: a resource version that was asked for is now the one this wrote.
 */
export async function markDisrupted(call: ResourceCall, preconditions: Preconditions): Promise<Preconditions> {
  const { registry } = call.served;
  const { namespace, name } = call.context.info;
  const { result } = await updateObject(registry, {
    context: call.context,
    options: {},
    dryRun: false,
    namespace,
    name,
    subresource: "status",
    managed: true,
    admission: alreadyAdmitted,
    produce: (existing) => {
      const pod = structuredClone(existing as Pod);
      checkPreconditions(registry, { name, preconditions }, pod, true);
      return marked(pod, timeText(call.context.receivedAtMs));
    },
  });
  if (preconditions.resourceVersion === undefined) return preconditions;
  return { ...preconditions, resourceVersion: result.object.metadata.resourceVersion ?? "" };
}

function marked(pod: Pod, now: string): Pod {
  const { conditions = [], ...status } = pod.status ?? {};
  const before = conditions.find(({ type }) => type === "DisruptionTarget");
  const condition: PodCondition = {
    ...before,
    type: "DisruptionTarget",
    status: "True",
    reason: "EvictionByEvictionAPI",
    message: "Eviction API: evicting",
    lastTransitionTime: before?.status === "True" ? (before.lastTransitionTime ?? now) : now,
  };
  const others =
    before === undefined ? [...conditions, condition] : conditions.map((one) => (one === before ? condition : one));
  return { ...pod, status: { ...status, conditions: others } };
}
