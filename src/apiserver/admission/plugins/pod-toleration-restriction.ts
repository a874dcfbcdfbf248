import { type Namespace, type Pod, podQos, type Toleration } from "../../../api/index.ts";
import { jsonSyntaxError, newUnknownError, type StatusError } from "../../../apimachinery/index.ts";
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
  const problem = jsonSyntaxError(text);
  if (problem !== undefined) throw newUnknownError(problem);
  const given: unknown = JSON.parse(text);
  if (given === null) return [];
  if (!Array.isArray(given)) throw mistyped(given, "value of type []v1.Toleration");
  for (const one of given as readonly unknown[]) checkTypes(one);
  return given as readonly Toleration[];
}

function checkTypes(one: unknown): void {
  if (typeof one !== "object" || one === null || Array.isArray(one)) throw mistyped(one, "value of type v1.Toleration");
  for (const [name, value] of Object.entries(one)) {
    const field = `struct field Toleration.${name} of type`;
    if (["key", "operator", "value", "effect"].includes(name) && typeof value !== "string")
      throw mistyped(value, `${field} ${goTypes[name] ?? "string"}`);
    if (name === "tolerationSeconds" && !Number.isSafeInteger(value)) throw mistyped(value, `${field} int64`);
  }
}

const goTypes: Readonly<Record<string, string>> = { operator: "v1.TolerationOperator", effect: "v1.TaintEffect" };

function mistyped(value: unknown, into: string): StatusError {
  const kind = Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
  return newUnknownError(`json: cannot unmarshal ${kind} into Go ${into}`);
}
