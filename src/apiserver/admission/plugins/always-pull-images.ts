import { containersOf, type Container, type Pod, type PodSpec } from "../../../api/index.ts";
import {
  aggregateMessages,
  FieldPath,
  fieldErrorMessage,
  newUnknownError,
  notSupported,
} from "../../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import { isPodWrite, refuse } from "../refuse.ts";

/** Who runs an image must have been able to pull it, on every node. */
export const alwaysPullImages: AdmissionPlugin = {
  name: "AlwaysPullImages",
  handles: isPodWrite,
  admit(attributes) {
    if (bringsNoImage(attributes)) return;
    const { spec } = attributes.object as Pod;
    for (const container of containersOf(spec)) container.imagePullPolicy = "Always";
    for (const { image } of spec?.volumes ?? []) if (image !== undefined) image.pullPolicy = "Always";
  },
  validate(attributes) {
    if (bringsNoImage(attributes)) return;
    const problems = othersThanAlways((attributes.object as Pod).spec).map(([path, policy]) =>
      refuse(attributes, fieldErrorMessage(notSupported(path, policy ?? "", ["Always"]))),
    );
    // Upstream: `utilerrors.NewAggregate`, which makes refusals a failure of the server.
    if (problems.length > 0) throw newUnknownError(aggregateMessages(problems.map(({ message }) => message)));
  },
};

function bringsNoImage({ operation, object, oldObject }: AdmissionAttributes): boolean {
  if (operation !== "UPDATE") return false;
  const old = new Set(containersOf((oldObject as Pod).spec).map(({ image }) => image));
  return containersOf((object as Pod).spec).every(({ image }) => old.has(image));
}

function othersThanAlways(spec: PodSpec | undefined): readonly (readonly [FieldPath, string | undefined])[] {
  const path = FieldPath.root("spec");
  const lists = ["initContainers", "containers", "ephemeralContainers"] as const;
  const ofContainers = lists.flatMap((list) =>
    ((spec?.[list] ?? []) as readonly Container[]).map(
      ({ imagePullPolicy }, index) =>
        [path.child(list).index(index).child("imagePullPolicy"), imagePullPolicy] as const,
    ),
  );
  const ofVolumes = (spec?.volumes ?? []).flatMap(({ image }, index) =>
    image === undefined
      ? []
      : [[path.child("volumes").index(index).child("image").child("pullPolicy"), image.pullPolicy] as const],
  );
  return [...ofContainers, ...ofVolumes].filter(([, policy]) => policy !== "Always");
}
