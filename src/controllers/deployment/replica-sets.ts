import { type Deployment, type PodTemplateSpec, type ReplicaSet, withoutServiceAccountAlias } from "../../api/index.ts";
import { copyOf, kinds } from "../../client/index.ts";
import { contentHash, isSemanticallyEqual, newControllerRef, timeOf } from "../../reconcile/index.ts";
import { numberAnnotation, revisionOf } from "./annotations.ts";
import { resolveFenceposts, type SetView, type Wanted } from "./arithmetic.ts";

export const hashLabel = "pod-template-hash";

export function viewOf(set: ReplicaSet): SetView {
  return {
    name: set.metadata.name ?? "",
    replicas: set.spec.replicas ?? 1,
    available: set.status?.availableReplicas ?? 0,
    createdMs: timeOf(set.metadata.creationTimestamp) ?? 0,
    maxReplicas: numberAnnotation(set, "max"),
    desiredReplicas: numberAnnotation(set, "desired"),
  };
}

export function wantedOf({ spec, status }: Deployment): Wanted {
  const replicas = spec.replicas ?? 1;
  const rolling = spec.strategy?.rollingUpdate;
  return {
    strategy: spec.strategy?.type === "Recreate" ? "Recreate" : "RollingUpdate",
    replicas,
    ...resolveFenceposts(rolling?.maxSurge, rolling?.maxUnavailable, replicas),
    statusReplicas: status?.replicas ?? 0,
  };
}

/** Equal but for the hash label that sets get, and for the old name of the service account. */
export function isSameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return isSemanticallyEqual(compared(a), compared(b));
}

function compared(template: PodTemplateSpec | undefined): PodTemplateSpec | undefined {
  if (template === undefined) return undefined;
  const named = withoutServiceAccountAlias(template);
  if (named.metadata?.labels?.[hashLabel] === undefined) return named;
  const { [hashLabel]: _hash, ...labels } = named.metadata.labels;
  return { ...named, metadata: { ...named.metadata, labels } };
}

/** The set that has the Deployment's present template; the oldest, should there be several. */
export function findNewSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return byCreation(sets).find((set) => isSameTemplate(set.spec.template, deployment.spec.template));
}

export function byCreation(sets: readonly ReplicaSet[]): ReplicaSet[] {
  const time = (set: ReplicaSet): number => timeOf(set.metadata.creationTimestamp) ?? 0;
  return [...sets].sort((a, b) => time(a) - time(b) || ((a.metadata.name ?? "") < (b.metadata.name ?? "") ? -1 : 1));
}

/** The new set as it will be created, without a size. */
export function newSetFor(deployment: Deployment): ReplicaSet {
  const { metadata, spec, status } = deployment;
  const hash = contentHash(withoutServiceAccountAlias(spec.template), status?.collisionCount);
  const template = copyOf(spec.template);
  template.metadata = { ...template.metadata, labels: { ...template.metadata?.labels, [hashLabel]: hash } };
  const selector = copyOf(spec.selector);
  selector.matchLabels = { ...selector.matchLabels, [hashLabel]: hash };
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels: { ...template.metadata.labels },
      ownerReferences: [newControllerRef(deployment, kinds.deployments)],
    },
    spec: {
      replicas: 0,
      selector,
      template,
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
    },
  };
}

/** Old sets beyond the history limit that have nothing left, the oldest revisions first. */
export function setsToCleanUp(deployment: Deployment, oldSets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2 ** 31 - 1) return [];
  const alive = oldSets.filter((set) => set.metadata.deletionTimestamp === undefined);
  const byRevision = byCreation(alive).sort((a, b) => Number(revisionOf(a) - revisionOf(b)));
  return byRevision
    .slice(0, Math.max(0, alive.length - limit))
    .filter(
      ({ metadata, spec, status }) =>
        (status?.replicas ?? 0) === 0 &&
        spec.replicas === 0 &&
        (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0),
    );
}
