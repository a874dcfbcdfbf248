import { type Node, type Pod, podAmounts } from "../../../api/index.ts";
import { Quantity, parseQuantity, quote, semanticEqual } from "../../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

/** A placed pod whose spec changes; `undefined` when there is nothing to look at. */
function placed({ object, oldObject }: AdmissionAttributes): { readonly pod: Pod; readonly old: Pod } | undefined {
  const [pod, old] = [object as Pod, oldObject as Pod];
  const same = pod.metadata.generation === old.metadata.generation;
  return same || !pod.spec.nodeName ? undefined : { pod, old };
}

function nodeOf(pod: Pod, attributes: AdmissionAttributes, objects: ClusterObjects): Node {
  const name = pod.spec.nodeName ?? "";
  const node = objects.get<Node>("", "nodes", "", name);
  if (node === undefined) throw refuse(attributes, `node ${quote(name)} not found`);
  return node;
}

/** A pod is resized to what its node has, where nodes can do so at all. */
export function podResizeValidator(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "PodResizeValidator",
    handles: (operation, resource, subresource) =>
      operation === "UPDATE" && subresource === "resize" && isResource(resource, "", "pods"),
    validate(attributes) {
      const { pod } = placed(attributes) ?? {};
      if (pod === undefined) return;
      const node = nodeOf(pod, attributes, objects);
      const system = node.metadata.labels?.["kubernetes.io/os"] ?? "linux";
      if (system !== "linux") {
        const why = `pod resize is only supported on linux nodes, node ${quote(node.metadata.name ?? "")} is ${quote(system)}`;
        throw refuse(attributes, why, [{ reason: "UnsupportedPlatform" }]);
      }
      const lacking = lackingIn(node, pod);
      if (lacking.length === 0) return;
      const why = `node didn't have enough allocatable resources: ${lacking.join("; ")}`;
      throw refuse(attributes, why, [{ reason: "NodeCapacity" }]);
    },
  };
}

function lackingIn({ status }: Node, pod: Pod): readonly string[] {
  const requests = podAmounts(pod, "requests");
  const measures = [
    ["cpu", (amount: Quantity) => amount.milliValue()],
    ["memory", (amount: Quantity) => amount.value()],
  ] as const;
  return measures.flatMap(([name, measure]) => {
    const asked = requests.get(name) ?? Quantity.zero;
    const room = parseQuantity(status?.allocatable?.[name] ?? "0");
    if (asked.compare(room) <= 0) return [];
    return [`${name}, requested: ${measure(asked)}, allocatable: ${measure(room)}`];
  });
}

/** Features that an update of a pod may need of its node, by the names of their gates. */
const features: readonly (readonly [name: string, isNeeded: (pod: Pod, old: Pod) => boolean])[] = [
  [
    "InPlacePodLevelResourcesVerticalScaling",
    (pod, old) => !semanticEqual(pod.spec.resources ?? null, old.spec.resources ?? null),
  ],
  [
    "InPlacePodVerticalScalingInitContainers",
    (pod, old) =>
      (old.spec.initContainers ?? []).some(
        ({ restartPolicy, resources }, index) =>
          restartPolicy !== "Always" &&
          !semanticEqual(resources ?? {}, pod.spec.initContainers?.[index]?.resources ?? {}),
      ),
  ],
];

/** Nobody asks of a node what it has not declared it can do. */
export function nodeDeclaredFeatureValidator(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "NodeDeclaredFeatureValidator",
    handles: (operation, resource, subresource) =>
      operation === "UPDATE" && (subresource === "" || subresource === "resize") && isResource(resource, "", "pods"),
    validate(attributes) {
      const found = placed(attributes);
      if (found === undefined) return;
      const { pod, old } = found;
      const needed = features.filter(([, isNeeded]) => isNeeded(pod, old)).map(([name]) => name);
      if (needed.length === 0) return;
      const node = nodeOf(pod, attributes, objects);
      const declared = node.status?.declaredFeatures ?? [];
      const missing = needed.filter((name) => !declared.includes(name));
      if (missing.length === 0) return;
      throw refuse(
        attributes,
        `pod update requires features ${missing.join(", ")} which are not available on node ${quote(node.metadata.name ?? "")}`,
      );
    },
  };
}
