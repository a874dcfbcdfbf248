import type { AuthorizationAttributes } from "../authz/contract.ts";

const interactive: ReadonlySet<string> = new Set(["exec", "attach", "portforward"]);

/**
 * A WebSocket is asked for with GET, which is `get`; who may only read must not get a shell that way. Upstream's
 * gate AuthorizePodWebsocketUpgradeCreatePermission, on since 1.35. Undefined when nothing more is to be asked.
 */
export function alsoNeeded(attributes: AuthorizationAttributes): AuthorizationAttributes | undefined {
  const { apiGroup, resource, subresource, verb } = attributes;
  if (apiGroup !== "" || resource !== "pods" || verb === "create" || !interactive.has(subresource)) return undefined;
  return { ...attributes, verb: "create" };
}
