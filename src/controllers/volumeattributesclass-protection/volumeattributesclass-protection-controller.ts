import type { PersistentVolume, PersistentVolumeClaim, VolumeAttributesClass } from "../../api/index.ts";
import { informerOf, keyOf, kinds, orNotFound } from "../../client/index.ts";
import { Controller, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "volumeattributesclass-protection-controller";
const finalizer = "kubernetes.io/vac-protection";

/** A class of volume attributes that is deleted stays while a volume or a claim has or wants it. */
export const volumeAttributesClassProtectionController: ControllerDescriptor = {
  name,
  create({ client, clock, informers, log, metrics }) {
    const classes = informerOf(informers, kinds.volumeattributesclasses);
    const volumes = informers.informer<PersistentVolume>(kinds.persistentvolumes, {
      indexes: { attributesClass: classesOfVolume },
    });
    const claims = informers.informer<PersistentVolumeClaim>(kinds.persistentvolumeclaims, {
      indexes: { attributesClass: classesOfClaim },
    });
    const isUsed = (key: Key): boolean =>
      [volumes, claims].some(({ lister }) => lister.byIndex("attributesClass", key).length > 0);
    const reconcile = async (key: Key): Promise<void> => {
      const found = classes.lister.get(key);
      if (found === undefined) return;
      const { finalizers = [], deletionTimestamp } = found.metadata;
      const isProtected = finalizers.includes(finalizer);
      const isDeleted = deletionTimestamp !== undefined;
      if (isDeleted ? !isProtected || isUsed(key) : isProtected) return;
      const next = isDeleted ? finalizers.filter((one) => one !== finalizer) : [...finalizers, finalizer];
      const api = client.resource<VolumeAttributesClass>(kinds.volumeattributesclasses);
      await orNotFound(api.update({ ...found, metadata: { ...found.metadata, finalizers: next } }));
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } })
      .watch(classes, (one) => [keyOf(one)])
      .watch(volumes, classesOfVolume, { predicate: { added: () => false } })
      .watch(claims, classesOfClaim, { predicate: { added: () => false } });
  },
};

function classesOfVolume({ spec }: PersistentVolume): string[] {
  return named(spec?.volumeAttributesClassName);
}

/** What a claim asks for, what it has, and what it is on its way to. */
function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  return named(
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  );
}

function named(...names: readonly (string | null | undefined)[]): string[] {
  return [...new Set(names.filter((one) => one !== undefined && one !== null && one !== ""))] as string[];
}
