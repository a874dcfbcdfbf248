import type { AdmissionAttributes } from "./contract.ts";
import type { Variant } from "./webhook/equivalents.ts";

/**
 * `AdmissionRequest` of `admission.k8s.io/v1` but for its `uid` and objects, as webhooks and expressions see it. What is
 * empty is left out where upstream leaves it out, so that expressions have to ask `has(request.subResource)`.
 */
export function requestOf(
  variant: Pick<Variant, "kind" | "resource">,
  { kind, resource, context, operation, namespace, name, subresource, dryRun, options }: AdmissionAttributes,
): Readonly<Record<string, unknown>> {
  const { name: username, uid, groups, extra = {} } = context.user;
  return {
    kind: variant.kind,
    resource: variant.resource,
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind: kind,
    requestResource: resource,
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo: {
      ...(username === "" ? {} : { username }),
      ...(uid === undefined || uid === "" ? {} : { uid }),
      ...(groups.length === 0 ? {} : { groups }),
      ...(Object.keys(extra).length === 0 ? {} : { extra }),
    },
    dryRun,
    options: options ?? null,
  };
}
