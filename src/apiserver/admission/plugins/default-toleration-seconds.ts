import type { Pod, Toleration } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import { isResource } from "../refuse.ts";

/** How long pods stay on a node that does not answer, in seconds. Upstream's flags `--default-*-toleration-seconds`. */
export interface TolerationSeconds {
  readonly notReady: number;
  readonly unreachable: number;
}

const secondsDefault = 300;

/** Pods stay five minutes on a node that does not answer, unless they, or the server's flags, say otherwise. */
export function defaultTolerationSeconds(
  { notReady, unreachable }: TolerationSeconds = { notReady: secondsDefault, unreachable: secondsDefault },
): AdmissionPlugin {
  const taints = [
    ["node.kubernetes.io/not-ready", notReady],
    ["node.kubernetes.io/unreachable", unreachable],
  ] as const;
  return {
    name: "DefaultTolerationSeconds",
    handles: (operation, resource, subresource) =>
      (operation === "CREATE" || operation === "UPDATE") && subresource === "" && isResource(resource, "", "pods"),
    admit({ object }) {
      const spec = (object as Pod).spec;
      if (spec === undefined) return;
      const tolerations = spec.tolerations ?? [];
      const covers = (key: string) => (toleration: Toleration) =>
        (toleration.key === key || !toleration.key) && (toleration.effect === "NoExecute" || !toleration.effect);
      const missing = taints.filter(([key]) => !tolerations.some(covers(key)));
      if (missing.length === 0) return;
      spec.tolerations = [
        ...tolerations,
        ...missing.map(([key, tolerationSeconds]) => ({
          ...{ key, operator: "Exists" as const, effect: "NoExecute" as const },
          tolerationSeconds,
        })),
      ];
    },
  };
}
