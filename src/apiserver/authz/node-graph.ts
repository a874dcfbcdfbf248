import type { KubeObject } from "../../apimachinery/index.ts";

/** What of a pod the graph reads; structurally core/v1 Pod. */
export interface GraphPod extends KubeObject {
  spec: {
    nodeName?: string;
    serviceAccountName?: string;
    imagePullSecrets?: { name?: string }[];
    containers?: GraphContainer[];
    initContainers?: GraphContainer[];
    ephemeralContainers?: GraphContainer[];
    volumes?: GraphVolume[];
  };
  status?: { resourceClaimStatuses?: { resourceClaimName?: string }[] };
}

interface GraphContainer {
  env?: { valueFrom?: { secretKeyRef?: { name?: string }; configMapKeyRef?: { name?: string } } }[];
  envFrom?: { secretRef?: { name?: string }; configMapRef?: { name?: string } }[];
}

interface GraphVolume {
  name: string;
  secret?: { secretName?: string };
  configMap?: { name?: string };
  persistentVolumeClaim?: { claimName: string };
  ephemeral?: unknown;
  projected?: { sources?: { secret?: { name?: string }; configMap?: { name?: string } }[] };
  csi?: { nodePublishSecretRef?: { name?: string } };
  [source: string]: unknown;
}

/**
 * Which node may see which object, through the pods bound to it. Fed by the watch cache with pods, persistent
 * volumes, volume attachments and resource slices. Memory: one entry per reference of a bound pod.
 */
export class NodeGraph {
  /** `node|resource/namespace/name` → how many pods refer to it. */
  readonly #references = new Map<string, number>();
  readonly #podKeys = new Map<string, readonly string[]>();
  /** Volume name → the claim `namespace/name` that it is bound to, and its secrets. */
  readonly #volumes = new Map<string, { readonly claim: string; readonly secrets: readonly string[] }>();
  readonly #volumesBySecret = new Map<string, Set<string>>();
  readonly #attachments = new Map<string, string>();
  /** Of resource slices that belong to a node. */
  readonly #slices = new Map<string, string>();

  upsertPod(pod: GraphPod): void {
    this.removePod(pod);
    const node = pod.spec.nodeName;
    if (node === undefined || node === "") return;
    const keys = referencesOf(pod).map((reference) => `${node}|${reference}`);
    for (const key of keys) this.#references.set(key, (this.#references.get(key) ?? 0) + 1);
    this.#podKeys.set(podKey(pod), keys);
  }

  removePod(pod: KubeObject): void {
    const key = podKey(pod);
    for (const reference of this.#podKeys.get(key) ?? []) {
      const count = (this.#references.get(reference) ?? 1) - 1;
      if (count === 0) this.#references.delete(reference);
      else this.#references.set(reference, count);
    }
    this.#podKeys.delete(key);
  }

  /** `secrets` are `namespace/name`. */
  upsertVolume(name: string, claim: string, secrets: readonly string[]): void {
    this.removeVolume(name);
    this.#volumes.set(name, { claim, secrets });
    for (const secret of secrets) {
      const volumes = this.#volumesBySecret.get(secret) ?? new Set();
      volumes.add(name);
      this.#volumesBySecret.set(secret, volumes);
    }
  }

  removeVolume(name: string): void {
    for (const secret of this.#volumes.get(name)?.secrets ?? []) this.#volumesBySecret.get(secret)?.delete(name);
    this.#volumes.delete(name);
  }

  upsertAttachment(name: string, node: string): void {
    this.#attachments.set(name, node);
  }

  removeAttachment(name: string): void {
    this.#attachments.delete(name);
  }

  upsertSlice(name: string, node: string): void {
    this.#slices.set(name, node);
  }

  removeSlice(name: string): void {
    this.#slices.delete(name);
  }

  refers(node: string, resource: string, namespace: string, name: string): boolean {
    if (resource === "volumeattachments") return this.#attachments.get(name) === node;
    if (resource === "resourceslices") return this.#slices.get(name) === node;
    if (resource === "persistentvolumes") return this.#seesVolume(node, name);
    const object = `${namespace}/${name}`;
    if (this.#references.has(`${node}|${resource}/${object}`)) return true;
    if (resource !== "secrets") return false;
    return [...(this.#volumesBySecret.get(object) ?? [])].some((volume) => this.#seesVolume(node, volume));
  }

  #seesVolume(node: string, volume: string): boolean {
    const claim = this.#volumes.get(volume)?.claim;
    return claim !== undefined && this.#references.has(`${node}|persistentvolumeclaims/${claim}`);
  }
}

function podKey(pod: KubeObject): string {
  return `${pod.metadata.namespace ?? ""}/${pod.metadata.name ?? ""}`;
}

function referencesOf(pod: GraphPod): string[] {
  const namespace = pod.metadata.namespace ?? "";
  const found = new Set<string>([`pods/${podKey(pod)}`]);
  const add = (resource: string, name: string | undefined) => {
    if (name !== undefined && name !== "") found.add(`${resource}/${namespace}/${name}`);
  };
  add("serviceaccounts", pod.spec.serviceAccountName);
  for (const secret of pod.spec.imagePullSecrets ?? []) add("secrets", secret.name);
  for (const claim of pod.status?.resourceClaimStatuses ?? []) add("resourceclaims", claim.resourceClaimName);
  const { containers = [], initContainers = [], ephemeralContainers = [], volumes = [] } = pod.spec;
  for (const container of [...containers, ...initContainers, ...ephemeralContainers]) addContainer(container, add);
  for (const volume of volumes) addVolume(volume, pod.metadata.name ?? "", add);
  return [...found];
}

type Add = (resource: string, name: string | undefined) => void;

function addContainer(container: GraphContainer, add: Add): void {
  for (const variable of container.env ?? []) {
    add("secrets", variable.valueFrom?.secretKeyRef?.name);
    add("configmaps", variable.valueFrom?.configMapKeyRef?.name);
  }
  for (const source of container.envFrom ?? []) {
    add("secrets", source.secretRef?.name);
    add("configmaps", source.configMapRef?.name);
  }
}

function addVolume(volume: GraphVolume, podName: string, add: Add): void {
  add("secrets", volume.secret?.secretName);
  add("configmaps", volume.configMap?.name);
  add("persistentvolumeclaims", volume.persistentVolumeClaim?.claimName);
  if (volume.ephemeral !== undefined) add("persistentvolumeclaims", `${podName}-${volume.name}`);
  add("secrets", volume.csi?.nodePublishSecretRef?.name);
  for (const source of volume.projected?.sources ?? []) {
    add("secrets", source.secret?.name);
    add("configmaps", source.configMap?.name);
  }
  for (const source of Object.values(volume)) {
    const secretRef = (source as { secretRef?: { name?: string } } | null)?.secretRef;
    add("secrets", secretRef?.name);
  }
}
