import type { Pod, Secret, ServiceAccount } from "../../api/index.ts";

export const invalidSinceLabel = "kubernetes.io/legacy-token-invalid-since";
export const lastUsedLabel = "kubernetes.io/legacy-token-last-used";

const tokenType = "kubernetes.io/service-account-token";
const dayMs = 86_400_000;

export type CleanerStep =
  | { readonly type: "keep" }
  /** The label becomes this date. */
  | { readonly type: "invalidate"; readonly since: string }
  | { readonly type: "delete" };

export interface CleanerInputs {
  readonly secret: Secret;
  /** The account whose token it is, with the uid that the secret names. */
  readonly account: ServiceAccount | undefined;
  /** Names of secrets that pods of its namespace use. */
  readonly mounted: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** How long a token must have been unused. Milliseconds. */
  readonly periodMs: number;
}

const keep: CleanerStep = { type: "keep" };

/** Tokens that were once made for every account are marked as invalid when they are unused, and go when nobody minds. */
export function cleanerStep({ secret, account, mounted, now, periodMs }: CleanerInputs): CleanerStep {
  const { name = "", labels = {}, creationTimestamp = "", deletionTimestamp } = secret.metadata;
  if (secret.type !== tokenType || deletionTimestamp !== undefined) return keep;
  if (!(Date.parse(creationTimestamp) < now - periodMs)) return keep;
  const recent = dateOf(now - periodMs);
  const lastUsed = labels[lastUsedLabel];
  if (lastUsed !== undefined && (!isDate(lastUsed) || lastUsed >= recent)) return keep;
  if (account === undefined || !(account.secrets ?? []).some((one) => one.name === name)) return keep;
  if (mounted.has(name)) return keep;
  const invalidSince = labels[invalidSinceLabel] ?? "";
  if (!isDate(invalidSince)) return { type: "invalidate", since: dateOf(now) };
  return invalidSince >= recent ? keep : { type: "delete" };
}

/** From when on all uses are known: the day after the one on which noting them began. Milliseconds since the epoch. */
export function trackedSince(since: string | undefined): number | undefined {
  return since !== undefined && isDate(since) ? Date.parse(`${since}T00:00:00Z`) + dayMs : undefined;
}

/** `2006-01-02` in UTC. */
export function dateOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && dateOf(time) === text;
}

/** Every secret that a pod names. Upstream: `VisitPodSecretNames`. */
export function secretNamesOf({ spec }: Pod): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (...found: readonly (string | undefined)[]): void => {
    for (const one of found) if (one !== undefined && one !== "") names.add(one);
  };
  for (const { name } of spec.imagePullSecrets ?? []) add(name);
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec;
  for (const container of [...initContainers, ...containers, ...ephemeralContainers]) {
    for (const { secretRef } of container.envFrom ?? []) add(secretRef?.name);
    for (const { valueFrom } of container.env ?? []) add(valueFrom?.secretKeyRef?.name);
  }
  for (const volume of spec.volumes ?? []) {
    const { azureFile, cephfs, cinder, flexVolume, projected, rbd, scaleIO, secret, iscsi, storageos, csi } = volume;
    add(azureFile?.secretName, secret?.secretName);
    for (const source of [cephfs, cinder, flexVolume, rbd, scaleIO, iscsi, storageos]) add(source?.secretRef?.name);
    for (const source of projected?.sources ?? []) add(source.secret?.name);
    add(csi?.nodePublishSecretRef?.name);
  }
  return names;
}
