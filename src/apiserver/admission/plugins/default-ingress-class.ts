import type { Ingress, IngressClass } from "../../../api/index.ts";
import type { AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

const group = "networking.k8s.io";
const defaultAnnotation = "ingressclass.kubernetes.io/is-default-class";
const classAnnotation = "kubernetes.io/ingress.class";

/** Ingresses that name no class get the default one, if there is exactly one newest. */
export function defaultIngressClass(objects: ClusterObjects): AdmissionPlugin {
  return {
    name: "DefaultIngressClass",
    handles: (operation, resource, subresource) =>
      operation === "CREATE" && subresource === "" && isResource(resource, group, "ingresses"),
    admit(attributes) {
      const ingress = attributes.object as Ingress;
      if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.[classAnnotation] !== undefined)
        return;
      const defaults = [...objects.list<IngressClass>(group, "ingressclasses", "")].filter(
        ({ metadata }) => metadata.annotations?.[defaultAnnotation] === "true",
      );
      if (defaults.length === 0) return;
      defaults.sort(
        (a, b) =>
          (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? "") ||
          (a.metadata.name ?? "").localeCompare(b.metadata.name ?? ""),
      );
      const [first] = defaults;
      if (first?.metadata.name === undefined) throw refuse(attributes, "no default IngressClass");
      ingress.spec = { ...ingress.spec, ingressClassName: first.metadata.name };
    },
  };
}
