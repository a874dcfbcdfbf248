import type { Pod } from "../../../../api/index.ts";
import { fieldPath, semanticEqual } from "../../../../apimachinery/index.ts";
import { useAppArmorField } from "../../common/pod-annotation-warnings.ts";
import { appArmorContainer, appArmorField } from "../../common/pod-annotations.ts";
import { visitContainers } from "../../common/pod-os.ts";

const annotationsPath = fieldPath("metadata", "annotations");
const specPath = fieldPath("spec");

/** AppArmor of a new pod that stands only in the older annotations goes into the fields. */
export function syncAppArmor(pod: Pod, warn: (text: string) => void): void {
  const { spec, metadata } = pod;
  if (spec.os?.name === "windows" || metadata.annotations === undefined) return;
  const { annotations } = metadata;
  const ofPod = spec.securityContext?.appArmorProfile;
  visitContainers(spec, specPath, (container) => {
    const key = appArmorContainer + container.name;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile !== undefined) return;
    const field = appArmorField(annotation);
    if (field !== undefined && semanticEqual(field, ofPod)) return;
    if (field !== undefined) container.securityContext = { ...container.securityContext, appArmorProfile: field };
    warn(`${annotationsPath.key(key)}: ${useAppArmorField}`);
  });
}
