import type { AppArmorProfile, Pod } from "../../../../api/index.ts";
import { fieldPath, semanticEqual } from "../../../../apimachinery/index.ts";
import { useAppArmorField } from "../../common/pod-annotation-warnings.ts";
import { appArmorContainer, appArmorField } from "../../common/pod-annotations.ts";
import { visitContainers } from "../../common/pod-os.ts";

const annotationsPath = fieldPath("metadata", "annotations");
const specPath = fieldPath("spec");

/** AppArmor of a new pod stands in the fields and in the older annotations; whichever is missing comes from the other. */
export function syncAppArmor(pod: Pod, warn: (text: string) => void): void {
  const { spec } = pod;
  if (spec.os?.name === "windows") return;
  const ofPod = spec.securityContext?.appArmorProfile;
  visitContainers(spec, specPath, (container) => {
    const key = appArmorContainer + container.name;
    const own = container.securityContext?.appArmorProfile;
    const annotation = pod.metadata.annotations?.[key];
    if (annotation === undefined) {
      const text = annotationFor(own ?? ofPod);
      if (text !== undefined) pod.metadata.annotations = { ...pod.metadata.annotations, [key]: text };
      return;
    }
    if (own !== undefined) return;
    const field = appArmorField(annotation);
    if (field !== undefined && semanticEqual(field, ofPod)) return;
    if (field !== undefined) container.securityContext = { ...container.securityContext, appArmorProfile: field };
    warn(`${annotationsPath.key(key)}: ${useAppArmorField}`);
  });
}

function annotationFor(profile: AppArmorProfile | undefined): string | undefined {
  switch (profile?.type) {
    case "Unconfined":
      return "unconfined";
    case "RuntimeDefault":
      return "runtime/default";
    case "Localhost":
      return profile.localhostProfile === undefined ? undefined : `localhost/${profile.localhostProfile}`;
    default:
      return undefined;
  }
}
