import type {
  ControllerRevision,
  PersistentVolumeClaim,
  Pod,
  PodTemplateSpec,
  StatefulSet,
  Volume,
} from "../../api/index.ts";
import { copyOf, kinds } from "../../client/index.ts";
import { newControllerRef, podFromTemplate } from "../../reconcile/index.ts";

export const revisionLabel = "controller-revision-hash";
const podNameLabel = "statefulset.kubernetes.io/pod-name";
const podIndexLabel = "apps.kubernetes.io/pod-index";

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata.name}-${ordinal}`;
}

/** The ordinal in the pod's name; `undefined` for a pod that is not named as ours are. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const name = pod.metadata.name ?? "";
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^[0-9]+$/.test(rest) ? Number(rest) : undefined;
}

export function revisionOfPod(pod: Pod): string {
  return pod.metadata.labels?.[revisionLabel] ?? "";
}

/** The template that a revision holds. */
export function templateOf(revision: ControllerRevision): PodTemplateSpec {
  const data = revision.data as { readonly spec: { readonly template: PodTemplateSpec & { $patch?: string } } };
  const { $patch: _directive, ...template } = data.spec.template;
  return template;
}

export function claimName(set: StatefulSet, claim: PersistentVolumeClaim, ordinal: number): string {
  return `${claim.metadata.name}-${podName(set, ordinal)}`;
}

/** The pod of one ordinal with the template of one revision. */
export function podOf(set: StatefulSet, revision: ControllerRevision, ordinal: number): Pod {
  const pod = podFromTemplate(templateOf(revision), set, newControllerRef(set, kinds.statefulsets));
  delete pod.metadata.generateName;
  pod.metadata.name = podName(set, ordinal);
  pod.metadata.labels = { ...pod.metadata.labels, [revisionLabel]: revision.metadata.name ?? "" };
  pod.spec.hostname = pod.metadata.name;
  if (set.spec.serviceName !== undefined) pod.spec.subdomain = set.spec.serviceName;
  return withIdentity(set, pod, ordinal);
}

/** The pod with its name in the labels and its own claims as volumes. */
export function withIdentity(set: StatefulSet, pod: Pod, ordinal: number): Pod {
  const next = copyOf(pod);
  next.metadata.labels = {
    ...next.metadata.labels,
    [podNameLabel]: podName(set, ordinal),
    [podIndexLabel]: String(ordinal),
  };
  const claims = (set.spec.volumeClaimTemplates ?? []).map((claim): Volume => {
    const persistentVolumeClaim = { claimName: claimName(set, claim, ordinal), readOnly: false };
    return { name: claim.metadata.name ?? "", persistentVolumeClaim };
  });
  if (claims.length === 0) return next;
  const names = new Set(claims.map(({ name }) => name));
  next.spec.volumes = [...claims, ...(next.spec.volumes ?? []).filter(({ name }) => !names.has(name))];
  return next;
}

export function hasIdentity(set: StatefulSet, pod: Pod, ordinal: number): boolean {
  const { labels } = pod.metadata;
  const claims = new Map(
    (pod.spec.volumes ?? []).map(({ name, persistentVolumeClaim }) => [name, persistentVolumeClaim?.claimName]),
  );
  return (
    labels?.[podNameLabel] === podName(set, ordinal) &&
    (set.spec.volumeClaimTemplates ?? []).every(
      (claim) => claims.get(claim.metadata.name ?? "") === claimName(set, claim, ordinal),
    )
  );
}

/** The claims of one ordinal, as they are made when missing. */
export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec.volumeClaimTemplates ?? []).map((template) => {
    const claim = copyOf(template);
    const { metadata } = claim;
    return {
      ...claim,
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: {
        ...metadata,
        name: claimName(set, template, ordinal),
        namespace: set.metadata.namespace,
        labels: { ...metadata.labels, ...set.spec.selector.matchLabels },
      },
    };
  });
}
