import { type ControllerRevision, type PodTemplateSpec, withoutServiceAccountAlias } from "../api/index.ts";
import type { KubeObject } from "../apimachinery/index.ts";
import { isAlreadyExists, isNotFound, type Lister, type ResourceClient } from "../client/index.ts";
import { isSemanticallyEqual } from "./equality.ts";
import { contentHash } from "./hash.ts";
import { isControlledBy, newControllerRef, type OwnerKind } from "./owners.ts";

export interface RevisionOwner {
  readonly object: KubeObject;
  readonly kind: OwnerKind;
  readonly template: PodTemplateSpec;
  readonly collisionCount: number | undefined;
  /** The label under which a revision tells its hash: `controller.kubernetes.io/hash` unless said otherwise. */
  readonly hashLabel?: string;
}

/**
 * What a revision stores of its owner: the template, as a patch that would put it back. The keys are in upstream's
 * order: its controllers and `kubectl rollout` compare the text.
 */
export function templatePatch(template: PodTemplateSpec): unknown {
  return inKeyOrder({ spec: { template: { ...template, $patch: "replace" } } });
}

function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    members.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, inKeyOrder(member)]),
  );
}

/** What tells revisions apart. */
function compared(data: unknown): unknown {
  const template = (data as { readonly spec?: { readonly template?: PodTemplateSpec } } | undefined)?.spec?.template;
  return template === undefined ? data : { spec: { template: withoutServiceAccountAlias(template) } };
}

function isSameRevision(a: unknown, b: unknown): boolean {
  return isSemanticallyEqual(compared(a), compared(b));
}

export function newRevision(
  owner: RevisionOwner,
  revision: number,
  collisionCount = owner.collisionCount,
): ControllerRevision {
  const { metadata } = owner.object;
  const { hashLabel = "controller.kubernetes.io/hash" } = owner;
  const data = templatePatch(owner.template);
  const hash = contentHash(compared(data), collisionCount);
  return {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: `${(metadata.name ?? "").slice(0, 223)}-${hash}`,
      namespace: metadata.namespace,
      labels: { ...owner.template.metadata?.labels, [hashLabel]: hash },
      ...(metadata.annotations === undefined ? {} : { annotations: metadata.annotations }),
      ownerReferences: [newControllerRef(owner.object, owner.kind)],
    },
    data,
    revision,
  };
}

/** By revision, then age, then name. */
export function sortRevisions(revisions: readonly ControllerRevision[]): ControllerRevision[] {
  const text = (value: unknown): string => String(value ?? "");
  return [...revisions].sort(
    (a, b) =>
      a.revision - b.revision ||
      text(a.metadata.creationTimestamp).localeCompare(text(b.metadata.creationTimestamp)) ||
      text(a.metadata.name).localeCompare(text(b.metadata.name)),
  );
}

export function revisionsOf(lister: Lister<ControllerRevision>, owner: KubeObject): ControllerRevision[] {
  return sortRevisions(lister.byIndex("controllerUid", owner.metadata.uid ?? ""));
}

export interface FoundRevision {
  readonly current: ControllerRevision;
  /** All of them, the current one last, ordered. */
  readonly all: readonly ControllerRevision[];
  /** Raised when another owner's content met under our name. */
  readonly collisionCount: number;
}

/** The revision of the owner's present template: the one there is, raised to be the newest, or a new one. */
export async function findOrCreateRevision(
  client: ResourceClient<ControllerRevision>,
  owner: RevisionOwner,
  known: readonly ControllerRevision[],
): Promise<FoundRevision> {
  const data = templatePatch(owner.template);
  const revisions = sortRevisions(known);
  const collisionCount = owner.collisionCount ?? 0;
  const next = Math.max(0, ...revisions.map(({ revision }) => revision)) + 1;
  const equal = revisions.filter((revision) => isSameRevision(revision.data, data)).at(-1);
  if (equal === undefined) return create(client, owner, revisions, next, collisionCount);
  const newest = revisions.at(-1) === equal;
  const current = newest
    ? equal
    : await client.update({ ...equal, apiVersion: "apps/v1", kind: "ControllerRevision", revision: next });
  return { current, all: [...revisions.filter((revision) => revision !== equal), current], collisionCount };
}

async function create(
  client: ResourceClient<ControllerRevision>,
  owner: RevisionOwner,
  revisions: readonly ControllerRevision[],
  revision: number,
  collisions: number,
): Promise<FoundRevision> {
  for (let collisionCount = collisions; ; collisionCount += 1) {
    const wanted = newRevision(owner, revision, collisionCount === 0 ? undefined : collisionCount);
    try {
      const current = await client.create(wanted);
      return { current, all: [...revisions, current], collisionCount };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const existing = await client.get(wanted.metadata.name ?? "");
      if (isControlledBy(existing, owner.object) && isSameRevision(existing.data, wanted.data)) {
        return { current: existing, all: [...revisions, existing], collisionCount };
      }
    }
  }
}

/** Deletes the oldest of those that nobody uses, beyond the limit. */
export async function trimHistory(
  client: ResourceClient<ControllerRevision>,
  revisions: readonly ControllerRevision[],
  inUse: ReadonlySet<string>,
  limit: number,
): Promise<void> {
  const unused = revisions.filter(({ metadata }) => !inUse.has(metadata.name ?? ""));
  for (const { metadata } of unused.slice(0, Math.max(0, unused.length - limit))) {
    await client.delete(metadata.name ?? "").catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
