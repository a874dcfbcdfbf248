import { parseQuantity } from "../../../apimachinery/index.ts";
import type { Pod, RuntimeClass } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

/** Adds what a runtime class says of its pods: their overhead, and on which nodes they run. */
export function runtimeClass(objects: ClusterObjects): AdmissionPlugin {
  const classOf = (pod: Pod) => {
    const name = pod.spec?.runtimeClassName;
    return name === undefined ? undefined : objects.get<RuntimeClass>("node.k8s.io", "runtimeclasses", "", name);
  };
  return {
    name: "RuntimeClass",
    handles: (operation, resource, subresource) =>
      operation === "CREATE" && subresource === "" && isResource(resource, "", "pods"),
    admit(attributes) {
      const pod = attributes.object as Pod;
      if (pod.spec?.runtimeClassName === undefined) return;
      const found = classOf(pod);
      if (found === undefined)
        throw refuse(attributes, `pod rejected: RuntimeClass ${JSON.stringify(pod.spec.runtimeClassName)} not found`);
      const overhead = found.overhead?.podFixed;
      if (overhead !== undefined) {
        if (!isEmpty(pod.spec.overhead) && !same(pod.spec.overhead ?? {}, overhead)) {
          throw refuse(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
        }
        pod.spec.overhead = { ...overhead };
      }
      const { nodeSelector = {}, tolerations = [] } = found.scheduling ?? {};
      for (const [key, value] of Object.entries(nodeSelector)) {
        const existing = pod.spec.nodeSelector?.[key];
        if (existing !== undefined && existing !== value) {
          throw refuse(
            attributes,
            `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${existing}`,
          );
        }
        pod.spec.nodeSelector = { ...pod.spec.nodeSelector, [key]: value };
      }
      const known = new Set((pod.spec.tolerations ?? []).map((toleration) => JSON.stringify(toleration)));
      const added = tolerations.filter((toleration) => !known.has(JSON.stringify(toleration)));
      if (added.length > 0)
        pod.spec.tolerations = [...(pod.spec.tolerations ?? []), ...added.map((toleration) => ({ ...toleration }))];
    },
    validate(attributes) {
      const pod = attributes.object as Pod;
      if (pod.spec?.overhead === undefined) return;
      const overhead = classOf(pod)?.overhead?.podFixed;
      if (overhead === undefined)
        throw refuse(attributes, "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead");
      if (!same(pod.spec.overhead, overhead))
        throw refuse(attributes, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    },
  };
}

function isEmpty(amounts: Readonly<Record<string, string>> | undefined): boolean {
  return amounts === undefined || Object.keys(amounts).length === 0;
}

function same(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every(
    (key) => a[key] !== undefined && b[key] !== undefined && parseQuantity(a[key]).compare(parseQuantity(b[key])) === 0,
  );
}
