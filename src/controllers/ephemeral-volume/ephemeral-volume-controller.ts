import type { PersistentVolumeClaim, Pod, Volume } from "../../api/index.ts";
import { messageOf } from "../../base/index.ts";
import { copyOf, informerOf, isAlreadyExists, keyOf, kinds, referenceTo } from "../../client/index.ts";
import { Controller, controllerOf, type Key, newControllerRef } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "ephemeral-volume-controller";

/** Makes the claims of generic ephemeral volumes; they live and die with their pod. */
export const ephemeralVolumeController: ControllerDescriptor = {
  name,
  create(context) {
    const { client, clock, informers, log, metrics, registry } = context;
    const created = registry?.counter({
      name: "ephemeral_volume_controller_create_total",
      help: "Claims that were asked for.",
    });
    const failed = registry?.counter({
      name: "ephemeral_volume_controller_create_failures_total",
      help: "Claims that could not be made.",
    });
    const pods = informerOf(informers, kinds.pods);
    const claims = informerOf(informers, kinds.persistentvolumeclaims);
    const recorder = context.recorder("ephemeral_volume");
    const ensure = async (pod: Pod, volume: Volume): Promise<void> => {
      const claim = claimFor(pod, volume);
      const existing = claims.lister.get(keyOf(claim));
      if (existing !== undefined) {
        if (controllerOf(existing)?.uid === pod.metadata.uid) return;
        throw new Error(`PVC "${keyOf(claim)}" was not created for pod "${keyOf(pod)}" (pod is not owner)`);
      }
      const api = client
        .resource<PersistentVolumeClaim>(kinds.persistentvolumeclaims)
        .namespace(pod.metadata.namespace ?? "");
      created?.increment();
      await api.create(claim).catch((error: unknown) => {
        failed?.increment();
        if (!isAlreadyExists(error)) throw new Error(`create PVC ${keyOf(claim)}: ${messageOf(error)}`);
      });
    };
    const reconcile = async (key: Key): Promise<void> => {
      const pod = pods.lister.get(key);
      if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return;
      for (const volume of ephemeralVolumes(pod)) {
        await ensure(pod, volume).catch((error: unknown) => {
          recorder.event(
            referenceTo(kinds.pods, pod),
            "Warning",
            "FailedBinding",
            `ephemeral volume ${volume.name}: ${messageOf(error)}`,
          );
          throw error;
        });
      }
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } })
      .watch(pods, (pod) => (ephemeralVolumes(pod).length === 0 ? [] : [keyOf(pod)]), {
        predicate: { updated: () => false, deleted: () => false },
      })
      .watch(
        claims,
        (claim) =>
          controllerOf(claim)?.kind === "Pod"
            ? [`${claim.metadata.namespace ?? ""}/${controllerOf(claim)?.name ?? ""}`]
            : [],
        {
          predicate: { added: () => false, updated: () => false },
        },
      );
  },
};

function ephemeralVolumes(pod: Pod): readonly Volume[] {
  return (pod.spec.volumes ?? []).filter(({ ephemeral }) => ephemeral?.volumeClaimTemplate !== undefined);
}

function claimFor(pod: Pod, volume: Volume): PersistentVolumeClaim {
  const template = copyOf(volume.ephemeral?.volumeClaimTemplate);
  const { labels, annotations } = template?.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      name: `${pod.metadata.name}-${volume.name}`,
      namespace: pod.metadata.namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [newControllerRef(pod, kinds.pods)],
    },
    spec: template?.spec ?? {},
  };
}
