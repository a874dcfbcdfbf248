import type { KubeObject } from "../../../apimachinery/index.ts";
import type { Node, Pod } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource } from "../refuse.ts";

const copied = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

/** A pod has the topology labels of its node, as of when it is placed: for the downward API. Upstream: on since 1.35. */
export function podTopologyLabels(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "PodTopologyLabels",
    handles: (operation, resource, subresource) =>
      operation === "CREATE" && isResource(resource, "", "pods") && (subresource === "" || subresource === "binding"),
    admit({ object, subresource }) {
      const node = subresource === "" ? (object as Pod).spec?.nodeName : nodeIn(object);
      if (object === undefined || !node) return;
      const labels = objects.get<Node>("", "nodes", "", node)?.metadata.labels ?? {};
      const found = copied.filter((key) => labels[key] !== undefined);
      if (found.length === 0) return;
      // What the node has counts, whatever the pod said.
      const own = object.metadata.labels ?? {};
      object.metadata.labels = { ...own, ...Object.fromEntries(found.map((key) => [key, labels[key] ?? ""])) };
    },
  };
}

/** Bindings to anything but nodes are none of its business. */
function nodeIn(binding: KubeObject | undefined): string | undefined {
  const { target } = binding as { target?: { kind?: string; name?: string } };
  return target?.kind === "Node" ? target.name : undefined;
}
