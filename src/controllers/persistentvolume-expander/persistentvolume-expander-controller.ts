import type { PersistentVolumeClaim } from "../../api/index.ts";
import { parseQuantity } from "../../apimachinery/index.ts";
import { informerOf, keyOf, kinds, referenceTo } from "../../client/index.ts";
import { Controller, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "persistentvolume-expander-controller";

/** Volumes grow by the resizers of their CSI drivers; this tells who asked for more that it is their turn. */
export const persistentVolumeExpanderController: ControllerDescriptor = {
  name,
  serviceAccount: "expand-controller",
  create(context) {
    const { clock, informers, log, metrics } = context;
    const claims = informerOf(informers, kinds.persistentvolumeclaims);
    const volumes = informerOf(informers, kinds.persistentvolumes);
    const recorder = context.recorder("volume_expand");
    const reconcile = async (key: Key): Promise<void> => {
      const claim = claims.lister.get(key);
      const volume =
        claims.lister.get(key) === undefined ? undefined : volumes.lister.get(claim?.spec.volumeName ?? "");
      if (claim === undefined || volume === undefined || !wantsMore(claim)) return;
      const message =
        volume.spec.csi === undefined
          ? "Ignoring the PVC: didn't find a plugin capable of expanding the volume; waiting for an external controller to process this PVC."
          : "waiting for an external controller to expand this PVC";
      recorder.event(
        referenceTo(kinds.persistentvolumeclaims, claim),
        volume.spec.csi === undefined ? "Warning" : "Normal",
        "ExternalExpanding",
        message,
      );
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } })
      .watch(claims, (claim) => [keyOf(claim)], {
        predicate: {
          added: wantsMore,
          updated: (previous, claim) => storageOf(previous) !== storageOf(claim),
          deleted: () => false,
        },
      })
      .waitFor(volumes);
  },
};

function storageOf({ spec }: PersistentVolumeClaim): string {
  return spec.resources?.requests?.["storage"] ?? "0";
}

function wantsMore(claim: PersistentVolumeClaim): boolean {
  const has = claim.status?.capacity?.["storage"];
  return (
    claim.status?.phase === "Bound" &&
    has !== undefined &&
    parseQuantity(storageOf(claim)).compare(parseQuantity(has)) > 0
  );
}
