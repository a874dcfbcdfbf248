import type { Node } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import { isResource } from "../refuse.ts";

const taint = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" } as const;

/** A new node takes no pods before it has said that it is ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  handles: (operation, resource, subresource) =>
    operation === "CREATE" && subresource === "" && isResource(resource, "", "nodes"),
  admit({ object }) {
    const node = object as Node;
    const taints = node.spec?.taints ?? [];
    if (taints.some(({ key, effect }) => key === taint.key && effect === taint.effect)) return;
    node.spec = { ...node.spec, taints: [...taints, { ...taint }] };
  },
};
