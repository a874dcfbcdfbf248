import type { Pod, Toleration } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import { isResource } from "../refuse.ts";

/** `--default-not-ready-toleration-seconds`, `--default-unreachable-toleration-seconds`. */
const seconds = 300;
const taints = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] as const;

/** Pods stay five minutes on a node that does not answer, unless they say otherwise. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  handles: (operation, resource, subresource) =>
    (operation === "CREATE" || operation === "UPDATE") && subresource === "" && isResource(resource, "", "pods"),
  admit({ object }) {
    const spec = (object as Pod).spec;
    if (spec === undefined) return;
    const tolerations = spec.tolerations ?? [];
    const covers = (key: string) => (toleration: Toleration) =>
      (toleration.key === key || !toleration.key) && (toleration.effect === "NoExecute" || !toleration.effect);
    const missing = taints.filter((key) => !tolerations.some(covers(key)));
    if (missing.length === 0) return;
    spec.tolerations = [
      ...tolerations,
      ...missing.map((key) => ({
        key,
        operator: "Exists" as const,
        effect: "NoExecute" as const,
        tolerationSeconds: seconds,
      })),
    ];
  },
};
