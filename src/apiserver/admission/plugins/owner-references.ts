import { type KubeObject, type metaV1, semanticEqual } from "../../../apimachinery/index.ts";
import type { AuthorizationAttributes, Authorizer } from "../../authz/contract.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";

type Owner = metaV1.OwnerReference;

/** Nobody has the garbage collector delete what they may not, or keep what is not theirs. On only when asked for. */
export function ownerReferencesPermissionEnforcement(objects: ClusterObjects, authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "OwnerReferencesPermissionEnforcement",
    handles: (operation, resource, subresource) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      !(subresource === "status" && isResource(resource, "", "pods", "nodes")),
    validate(attributes) {
      const [now, before] = [ownersOf(attributes.object), ownersOf(attributes.oldObject)];
      return semanticEqual(now, before) ? undefined : check(attributes, now, before);
    },
  };

  async function check(
    attributes: AdmissionAttributes,
    now: readonly Owner[],
    before: readonly Owner[],
  ): Promise<void> {
    // Who creates something might as well not have done so.
    if (attributes.operation !== "CREATE") await checkDeleting(attributes);
    const blocking = now.filter((owner) => blocksAnew(owner, before));
    if (blocking.length === 0) return;
    const anything = { apiGroup: "*", apiVersion: "*", resource: "*", subresource: "finalizers", name: "*" };
    if ((await ask(attributes, { ...anything, verb: "update", namespace: "" })) === undefined) return;
    for (const owner of blocking) await checkBlocking(attributes, owner);
  }

  async function checkDeleting(attributes: AdmissionAttributes): Promise<void> {
    const { resource, subresource, namespace, name } = attributes;
    const own = { apiGroup: resource.group, apiVersion: resource.version, resource: resource.resource, subresource };
    const why = await ask(attributes, { ...own, verb: "delete", namespace, name });
    if (why !== undefined)
      throw refuse(attributes, `cannot set an ownerRef on a resource you can't delete: ${why}, <nil>`);
  }

  async function checkBlocking(attributes: AdmissionAttributes, { apiVersion, kind, name }: Owner): Promise<void> {
    const found = objects.resourceOf(apiVersion, kind);
    if (found === undefined) {
      throw refuse(
        attributes,
        `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: no matches for kind ${JSON.stringify(kind)} in version ${JSON.stringify(apiVersion)}`,
      );
    }
    const { group, version, resource, namespaced } = found;
    const why = await ask(attributes, {
      ...{ apiGroup: group, apiVersion: version, resource, subresource: "finalizers", verb: "update", name },
      namespace: namespaced ? attributes.namespace : "",
    });
    if (why === undefined) return;
    throw refuse(
      attributes,
      `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${why}, <nil>`,
    );
  }

  /** Why not; undefined where it is allowed. */
  async function ask(
    { context }: AdmissionAttributes,
    of: Omit<AuthorizationAttributes, "user" | "isResourceRequest" | "path">,
  ): Promise<string | undefined> {
    const asked = { ...of, user: context.user, isResourceRequest: true, path: "" };
    const { decision, reason } = await authorizer.authorize(asked, context.signal);
    return decision === "allow" ? undefined : reason;
  }
}

function ownersOf(object: KubeObject | undefined): readonly Owner[] {
  return object?.metadata?.ownerReferences ?? [];
}

function blocksAnew({ uid, blockOwnerDeletion }: Owner, before: readonly Owner[]): boolean {
  return blockOwnerDeletion === true && before.find((old) => old.uid === uid)?.blockOwnerDeletion !== true;
}
