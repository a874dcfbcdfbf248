import type { Namespace, Pod } from "../../../api/index.ts";
import {
  isQualifiedName,
  isValidLabelValue,
  newForbidden,
  newUnknownError,
  quote,
} from "../../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { namespaceNamed } from "../matching/selectors.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource } from "../refuse.ts";

/** By namespace, the labels that its pods may select nodes by, as `a=b,c=d`; and `clusterDefaultNodeSelector`. */
export type NodeSelectors = Readonly<Record<string, string>>;

type Labels = Readonly<Record<string, string>>;

const annotation = "scheduler.alpha.kubernetes.io/node-selector";

/** Pods of a namespace run on the nodes that its annotation names, or those that the cluster has for all others. */
export function podNodeSelector(objects: ClusterObjects, selectors: NodeSelectors = {}): AdmissionPlugin {
  const wantedBy = ({ metadata }: Namespace): Labels =>
    labelsIn(metadata.annotations?.[annotation] ?? selectors["clusterDefaultNodeSelector"] ?? "");
  const agreed = async (attributes: AdmissionAttributes): Promise<Labels> => {
    const wanted = wantedBy(await namespaceNamed(attributes.namespace, objects));
    const own = (attributes.object as Pod).spec?.nodeSelector ?? {};
    if (Object.entries(wanted).some(([key, value]) => own[key] !== undefined && own[key] !== value))
      throw forbidden(attributes, "pod node label selector conflicts with its namespace node label selector");
    return wanted;
  };
  return {
    name: "PodNodeSelector",
    handles: (operation, resource, subresource) =>
      operation === "CREATE" && subresource === "" && isResource(resource, "", "pods"),
    async admit(attributes) {
      const { spec } = attributes.object as Pod;
      const merged = { ...(await agreed(attributes)), ...spec?.nodeSelector };
      if (spec !== undefined && Object.keys(merged).length > 0) spec.nodeSelector = merged;
    },
    async validate(attributes) {
      await agreed(attributes);
      const allowed = labelsIn(selectors[attributes.namespace] ?? "");
      if (Object.keys(allowed).length === 0) return;
      const own = (attributes.object as Pod).spec?.nodeSelector ?? {};
      if (Object.entries(own).every(([key, value]) => allowed[key] === value)) return;
      throw forbidden(attributes, "pod node label selector labels conflict with its namespace whitelist");
    },
  };
}

/** By the pod's name, even where it has none yet. */
function forbidden({ object }: AdmissionAttributes, why: string) {
  return newForbidden({ group: "", resource: "pods" }, object?.metadata?.name ?? "", why);
}

/** `a=b,c=d`. Upstream: `labels.ConvertSelectorToLabelsMap`. */
function labelsIn(text: string): Labels {
  if (text === "") return {};
  const labels: Record<string, string> = {};
  for (const pair of text.split(",")) {
    const parts = pair.split("=");
    if (parts.length !== 2) throw newUnknownError(`invalid selector: [${parts.join(" ")}]`);
    const [key = "", value = ""] = parts.map((part) => part.trim());
    const problems = isQualifiedName(key);
    if (problems.length > 0) throw newUnknownError(`<nil>: Invalid value: ${quote(key)}: ${problems.join("; ")}`);
    const wrong = isValidLabelValue(value);
    if (wrong.length > 0) throw newUnknownError(`[${key}]: Invalid value: ${quote(value)}: ${wrong.join("; ")}`);
    labels[key] = value;
  }
  return labels;
}
