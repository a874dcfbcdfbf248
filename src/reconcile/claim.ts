import type { KubeObject } from "../apimachinery/index.ts";
import { isInvalid, isNotFound, type ResourceClient } from "../client/index.ts";
import { controllerOf, newControllerRef, type OwnerKind } from "./owners.ts";

export interface ClaimOptions<T extends KubeObject> {
  readonly owner: KubeObject;
  readonly ownerKind: OwnerKind;
  readonly objects: Iterable<T>;
  /** The selector, and whatever else an object must fulfil to be wanted. */
  readonly matches: (object: T) => boolean;
  /** For the patches, in the owner's namespace. */
  readonly client: ResourceClient<T>;
  /** The owner as the server has it now: it must be the same object and not on its way out. */
  readonly freshOwner: () => Promise<KubeObject>;
  /** Kept on adopted objects, for example the job tracking finalizer. */
  readonly finalizers?: readonly string[];
}

/**
 * The objects that belong to the owner: those it controls and still selects, plus those without a controller that it
 * selects, which are adopted. Controlled ones that are no longer selected are released.
 */
export async function claimObjects<T extends KubeObject>(options: ClaimOptions<T>): Promise<T[]> {
  const claimed: T[] = [];
  const failures: unknown[] = [];
  const mayAdopt = onceCanAdopt(options);
  for (const object of options.objects) {
    try {
      if (await claim(object, options, mayAdopt)) claimed.push(object);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return claimed;
}

async function claim<T extends KubeObject>(
  object: T,
  options: ClaimOptions<T>,
  mayAdopt: () => Promise<void>,
): Promise<boolean> {
  const { owner, matches } = options;
  const controller = controllerOf(object);
  if (controller !== undefined) {
    if (controller.uid !== owner.metadata.uid) return false;
    if (matches(object)) return true;
    if (owner.metadata.deletionTimestamp !== undefined) return false;
    await release(object, options);
    return false;
  }
  const dying = owner.metadata.deletionTimestamp !== undefined || object.metadata.deletionTimestamp !== undefined;
  if (dying || !matches(object) || owner.metadata.namespace !== object.metadata.namespace) return false;
  await mayAdopt();
  return adopt(object, options);
}

async function adopt<T extends KubeObject>(object: T, options: ClaimOptions<T>): Promise<boolean> {
  const { owner, ownerKind, client, finalizers } = options;
  const { name = "", uid } = object.metadata;
  const metadata = {
    uid,
    ownerReferences: [newControllerRef(owner, ownerKind)],
    ...(finalizers === undefined ? {} : { finalizers }),
  };
  try {
    await client.patch(name, { type: "strategic", body: { metadata } });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function release<T extends KubeObject>(
  object: T,
  { owner, client, finalizers = [] }: ClaimOptions<T>,
): Promise<void> {
  const { name = "", uid } = object.metadata;
  const metadata = {
    uid,
    ownerReferences: [{ $patch: "delete", uid: owner.metadata.uid }],
    ...(finalizers.length === 0 ? {} : { "$deleteFromPrimitiveList/finalizers": finalizers }),
  };
  try {
    await client.patch(name, { type: "strategic", body: { metadata } });
  } catch (error) {
    // Gone, or no longer the object that was looked at: either way it is not ours.
    if (!isNotFound(error) && !isInvalid(error)) throw error;
  }
}

function onceCanAdopt<T extends KubeObject>({ owner, freshOwner }: ClaimOptions<T>): () => Promise<void> {
  let checked: Promise<void> | undefined;
  const check = async (): Promise<void> => {
    const fresh = await freshOwner();
    const { namespace = "", name = "" } = owner.metadata;
    if (fresh.metadata.uid !== owner.metadata.uid) {
      throw new Error(
        `original ${namespace}/${name} is gone: got uid ${fresh.metadata.uid}, wanted ${owner.metadata.uid}`,
      );
    }
    if (fresh.metadata.deletionTimestamp !== undefined) {
      throw new Error(`${namespace}/${name} has just been deleted at ${fresh.metadata.deletionTimestamp}.`);
    }
  };
  return () => (checked ??= check());
}
