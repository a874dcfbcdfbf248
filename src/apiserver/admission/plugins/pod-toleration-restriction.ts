import { type Namespace, type Pod, podQos, type Toleration } from "../../../api/index.ts";
import { newUnknownError } from "../../../apimachinery/index.ts";
import { messageOf } from "../../../base/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { namespaceNamed } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import { isPodWrite } from "../refuse.ts";
import { covers, mergeTolerations } from "./tolerations.ts";

/** For namespaces that have no annotations of their own. */
export interface TolerationRestriction {
  readonly default: readonly Toleration[];
  /** All that pods may tolerate; anything, when empty. */
  readonly whitelist: readonly Toleration[];
}

const defaultsKey = "scheduler.alpha.kubernetes.io/defaultTolerations";
const whitelistKey = "scheduler.alpha.kubernetes.io/tolerationsWhitelist";
const memoryPressure: Toleration = {
  ...{ key: "node.kubernetes.io/memory-pressure", operator: "Exists" },
  effect: "NoSchedule",
};

/** Gives pods the tolerations of their namespace, and lets them have no others than those it lists. */
export function podTolerationRestriction(
  objects: ClusterObjects,
  cluster: TolerationRestriction = { default: [], whitelist: [] },
): AdmissionPlugin {
  const check = async ({ object, namespace }: AdmissionAttributes): Promise<void> => {
    const { tolerations = [] } = (object as Pod).spec ?? {};
    if (tolerations.length === 0) return;
    const own = tolerationsIn(await namespaceNamed(namespace, objects), whitelistKey);
    const allowed = own ?? cluster.whitelist;
    if (allowed.length === 0 || tolerations.every((one) => allowed.some((other) => covers(other, one)))) return;
    throw newUnknownError(
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${own === undefined ? "cluster" : "namespace"} whitelist`,
    );
  };
  return {
    name: "PodTolerationRestriction",
    handles: isPodWrite,
    async admit(attributes) {
      const pod = attributes.object as Pod;
      const more: Toleration[] = [];
      if (attributes.operation === "CREATE") {
        const namespace = await namespaceNamed(attributes.namespace, objects);
        more.push(...(tolerationsIn(namespace, defaultsKey) ?? cluster.default));
      }
      if (podQos(pod) !== "BestEffort") more.push({ ...memoryPressure });
      if (pod.spec !== undefined && more.length > 0)
        pod.spec.tolerations = mergeTolerations(pod.spec.tolerations ?? [], more);
      await check(attributes);
    },
    validate: check,
  };
}

/** Undefined where the namespace says nothing; none where it says so. */
function tolerationsIn({ metadata }: Namespace, key: string): readonly Toleration[] | undefined {
  const text = metadata.annotations?.[key];
  if (text === undefined) return undefined;
  if (text === "") return [];
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw newUnknownError(messageOf(error));
  }
  if (given === null) return [];
  if (!Array.isArray(given))
    throw newUnknownError("json: cannot unmarshal object into Go value of type []v1.Toleration");
  return given as readonly Toleration[];
}
