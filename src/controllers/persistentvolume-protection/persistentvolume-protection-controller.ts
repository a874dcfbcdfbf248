import type { PersistentVolume } from "../../api/index.ts";
import { informerOf, keyOf, kinds, orNotFound } from "../../client/index.ts";
import { Controller, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "persistentvolume-protection-controller";
const finalizer = "kubernetes.io/pv-protection";

/** A volume that is deleted stays while a claim is bound to it. */
export const persistentVolumeProtectionController: ControllerDescriptor = {
  name,
  serviceAccount: "pv-protection-controller",
  create({ client, clock, informers, log, metrics }) {
    const volumes = informerOf(informers, kinds.persistentvolumes);
    const reconcile = async (key: Key): Promise<void> => {
      const volume = volumes.lister.get(key);
      if (volume === undefined) return;
      const { finalizers = [], deletionTimestamp } = volume.metadata;
      const protectedNow = finalizers.includes(finalizer);
      const deleting = deletionTimestamp !== undefined;
      if (deleting ? !protectedNow || volume.status?.phase === "Bound" : protectedNow) return;
      const next = deleting ? finalizers.filter((one) => one !== finalizer) : [...finalizers, finalizer];
      const api = client.resource<PersistentVolume>(kinds.persistentvolumes);
      await orNotFound(api.update({ ...volume, metadata: { ...volume.metadata, finalizers: next } }));
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } }).watch(volumes, (volume) => [
      keyOf(volume),
    ]);
  },
};
