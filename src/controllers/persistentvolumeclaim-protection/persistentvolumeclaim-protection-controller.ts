import type { PersistentVolumeClaim, Pod } from "../../api/index.ts";
import { informerOf, keyOf, kinds, orNotFound, splitKey } from "../../client/index.ts";
import { Controller, isPodTerminal, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "persistentvolumeclaim-protection-controller";
const finalizer = "kubernetes.io/pvc-protection";

/** A claim that is deleted stays until no pod uses it any more. */
export const persistentVolumeClaimProtectionController: ControllerDescriptor = {
  name,
  serviceAccount: "pvc-protection-controller",
  create({ client, clock, informers, log, metrics }) {
    const claims = informerOf(informers, kinds.persistentvolumeclaims);
    const pods = informerOf(informers, kinds.pods, { indexes: { claim: claimsOf } });
    const isUsed = async (key: Key, claim: PersistentVolumeClaim): Promise<boolean> => {
      const uses = (pod: Pod): boolean =>
        pod.spec.nodeName !== undefined && !isPodTerminal(pod) && !isStale(pod, claim);
      if (pods.lister.byIndex("claim", key).some(uses)) return true;
      const { namespace } = splitKey(key);
      const live = await client.resource<Pod>(kinds.pods).namespace(namespace).list();
      return live.items.some((pod) => claimsOf(pod).includes(key) && uses(pod));
    };
    const reconcile = async (key: Key): Promise<void> => {
      const claim = claims.lister.get(key);
      if (claim === undefined) return;
      const { finalizers = [], deletionTimestamp, namespace = "" } = claim.metadata;
      const protectedNow = finalizers.includes(finalizer);
      const deleting = deletionTimestamp !== undefined;
      if (deleting ? !protectedNow || (await isUsed(key, claim)) : protectedNow) return;
      const next = deleting ? finalizers.filter((one) => one !== finalizer) : [...finalizers, finalizer];
      const api = client.resource<PersistentVolumeClaim>(kinds.persistentvolumeclaims).namespace(namespace);
      await orNotFound(api.update({ ...claim, metadata: { ...claim.metadata, finalizers: next } }));
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } })
      .watch(claims, (claim) => [keyOf(claim)])
      .watch(pods, claimsOf, {
        predicate: {
          added: isPodTerminal,
          updated: (previous, pod) => isPodTerminal(pod) && !isPodTerminal(previous),
        },
      });
  },
};

/** A generic ephemeral volume's claim that belongs to a pod of that name which is no longer this one. */
function isStale(pod: Pod, claim: PersistentVolumeClaim): boolean {
  const ephemeral = (pod.spec.volumes ?? []).some(
    ({ name: volume, ephemeral: one }) => one !== undefined && `${pod.metadata.name}-${volume}` === claim.metadata.name,
  );
  return ephemeral && !(claim.metadata.ownerReferences ?? []).some(({ uid }) => uid === pod.metadata.uid);
}

function claimsOf(pod: Pod): string[] {
  const { namespace = "", name: podName } = pod.metadata;
  return (pod.spec.volumes ?? []).flatMap(({ name: volume, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim !== undefined) return [`${namespace}/${persistentVolumeClaim.claimName}`];
    return ephemeral === undefined ? [] : [`${namespace}/${podName}-${volume}`];
  });
}
