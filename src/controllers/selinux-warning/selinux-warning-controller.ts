import type { CSIDriver, PersistentVolume, Pod } from "../../api/index.ts";
import type { MetricsRegistry } from "../../component/index.ts";
import { type EventRecorder, informerOf, type Informer, keyOf, kinds, referenceTo } from "../../client/index.ts";
import {
  boundVolumeOf,
  claimKeysOf,
  Controller,
  type ControllerContext,
  isPodTerminal,
  type Key,
  type VolumeLookup,
} from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { type Conflict, conflictMessage, VolumeUses } from "./conflicts.ts";
import { labelsByVolume } from "./labels.ts";

const name = "selinux-warning-controller";

/** Warns of pods that could not use their common volume on one node, were volumes mounted with SELinux labels. */
export const selinuxWarningController: ControllerDescriptor = {
  name,
  disabledByDefault: true,
  featureGates: ["SELinuxChangePolicy"],
  create: (context) => new SelinuxWarning(context).controller,
};

class SelinuxWarning {
  readonly controller: Controller;
  readonly #pods: Informer<Pod>;
  readonly #drivers: Informer<CSIDriver>;
  readonly #objects: VolumeLookup;
  readonly #recorder: EventRecorder;
  readonly #uses = new VolumeUses();

  constructor(context: ControllerContext) {
    const { clock, informers, log, metrics, registry } = context;
    this.#recorder = context.recorder("selinux_warning");
    this.#pods = informerOf(informers, kinds.pods, { indexes: { attachedClaim: claimKeysOf } });
    const claims = informerOf(informers, kinds.persistentvolumeclaims);
    const volumes = informerOf(informers, kinds.persistentvolumes);
    this.#drivers = informerOf(informers, kinds.csidrivers);
    this.#objects = { claim: (key) => claims.lister.get(key), volume: (key) => volumes.lister.get(key) };
    if (registry !== undefined) reportConflicts(registry, this.#uses);
    const podsOfClaim = (key: string): Key[] => this.#pods.lister.byIndex("attachedClaim", key).map(keyOf);
    const reconciler = { reconcile: async (key: Key) => this.#reconcile(key) };
    this.controller = new Controller({ name, clock, log, metrics, reconciler, workers: 1 })
      .watch(this.#pods, (pod) => [keyOf(pod)], {
        predicate: {
          updated: (previous, pod) => previous.status?.phase !== pod.status?.phase && isPodTerminal(pod),
        },
      })
      .watch(claims, (claim) => podsOfClaim(keyOf(claim)), { predicate: { deleted: () => false } })
      .watch(volumes, (volume) => claimOf(volume).flatMap(podsOfClaim), {
        predicate: {
          updated: (previous, volume) => previous.spec?.claimRef?.uid !== volume.spec?.claimRef?.uid,
          deleted: () => false,
        },
      })
      .watch(this.#drivers, (driver) => this.#uses.podsOf(driver.metadata.name ?? ""));
  }

  #reconcile(key: Key): void {
    const pod = this.#pods.lister.get(key);
    if (pod === undefined || isPodTerminal(pod)) return this.#uses.delete(key);
    for (const [name, labels] of labelsByVolume(pod)) {
      if (labels.size > 1) this.#tell(pod, name);
      else this.#add(pod, name, [...labels][0] ?? "");
    }
  }

  #add(pod: Pod, name: string, label: string): void {
    const entry = pod.spec.volumes?.find((volume) => volume.name === name);
    const csi = entry === undefined ? undefined : boundVolumeOf(pod, entry, this.#objects)?.spec?.csi;
    if (csi === undefined) return;
    const isMounted = this.#drivers.lister.get(csi.driver)?.spec.seLinuxMount === true;
    const wanted = pod.spec.securityContext?.seLinuxChangePolicy ?? "MountOption";
    const shown = isMounted && wanted !== "Recursive" ? label : "";
    const policy = shown === "" ? "Recursive" : wanted;
    const unique = `kubernetes.io/csi/${csi.driver}^${csi.volumeHandle}`;
    const conflicts = this.#uses.add(unique, csi.driver, keyOf(pod), { label: shown, policy });
    for (const conflict of conflicts) this.#warn(conflict);
  }

  #tell(pod: Pod, volume: string): void {
    const message = `Volume "${volume}" is mounted twice with different SELinux labels inside this pod`;
    this.#recorder.event(referenceTo(kinds.pods, pod), "Warning", "MultipleSELinuxLabels", message);
  }

  #warn(conflict: Conflict): void {
    const pod = this.#pods.lister.get(conflict.pod);
    if (pod === undefined) return;
    const reason = `${conflict.property}Conflict`;
    this.#recorder.event(referenceTo(kinds.pods, pod), "Normal", reason, conflictMessage(conflict));
  }
}

function claimOf({ spec }: PersistentVolume): readonly string[] {
  const { namespace = "", name: claim = "", uid = "" } = spec?.claimRef ?? {};
  return uid === "" ? [] : [`${namespace}/${claim}`];
}

function reportConflicts(registry: MetricsRegistry, uses: VolumeUses): void {
  const gauges = registry.gauges({
    name: "selinux_warning_controller_selinux_volume_conflict",
    help: "Pods that could not use their common volume on one node.",
    labels: ["property", "pod1_namespace", "pod1_name", "pod1_value", "pod2_namespace", "pod2_name", "pod2_value"],
  });
  registry.beforeRender(() => {
    gauges.clear();
    for (const { property, pod, value, other, otherValue } of uses.conflicts()) {
      gauges.with(property, ...pod.split("/"), value, ...other.split("/"), otherValue).set(1);
    }
  });
}
