import type { AuthorizationAttributes, AuthorizationDecision, Authorizer, RuleResolver } from "./contract.ts";
import type { NodeGraph } from "./node-graph.ts";
import type { CompiledRule } from "./rbac-rule.ts";

const nodePrefix = "system:node:";
const allowed: AuthorizationDecision = { decision: "allow", reason: "" };

const refused = (reason: string): AuthorizationDecision => ({ decision: "no-opinion", reason });

const noRules = { resourceRules: [], nonResourceRules: [], incomplete: false };
const unknownRules = { ...noRules, evaluationError: "node authorizer does not support user rule resolution" };

/** The node's name when the user is a kubelet (`system:node:NAME` in group `system:nodes`). */
export function nodeNameOf(user: AuthorizationAttributes["user"]): string | undefined {
  if (!user.name.startsWith(nodePrefix) || !user.groups.includes("system:nodes")) return undefined;
  return user.name.slice(nodePrefix.length);
}

/**
 * Lets a kubelet read only what the pods bound to it refer to, and write only what is its own. What no rule here
 * speaks of falls to the rules of the role `system:node`. Upstream: "Using Node Authorization".
 */
export function nodeAuthorizer(graph: NodeGraph, nodeRules: readonly CompiledRule[]): Authorizer & RuleResolver {
  return {
    name: "Node",
    authorize(attributes) {
      const node = nodeNameOf(attributes.user);
      if (node === undefined) return refused("");
      const special = attributes.isResourceRequest ? judge(graph, node, attributes) : undefined;
      if (special !== undefined) return special;
      return nodeRules.some((rule) => rule.allows(attributes)) ? allowed : refused("");
    },
    rulesFor: (user) => (nodeNameOf(user) === undefined ? noRules : unknownRules),
  };
}

function judge(graph: NodeGraph, node: string, request: AuthorizationAttributes): AuthorizationDecision | undefined {
  const resource = request.apiGroup === "" ? request.resource : `${request.apiGroup}/${request.resource}`;
  switch (resource) {
    case "secrets":
    case "configmaps":
      return readReferenced(graph, node, request, ["get", "list", "watch"]);
    case "persistentvolumes":
    case "resource.k8s.io/resourceclaims":
    case "storage.k8s.io/volumeattachments":
      return readReferenced(graph, node, request, ["get"]);
    case "persistentvolumeclaims":
      return request.subresource === "status"
        ? reference(graph, node, request, ["get", "update", "patch"])
        : readReferenced(graph, node, request, ["get"]);
    case "serviceaccounts":
      return serviceAccount(graph, node, request);
    case "nodes":
      return ownNode(node, request);
    case "pods":
      return ownPods(graph, node, request);
    case "coordination.k8s.io/leases":
      return ownLease(node, request);
    case "storage.k8s.io/csinodes":
      return ownCsiNode(node, request);
    case "resource.k8s.io/resourceslices":
      return ownResourceSlices(graph, node, request);
    default:
      return undefined;
  }
}

function readReferenced(graph: NodeGraph, node: string, request: AuthorizationAttributes, verbs: readonly string[]) {
  if (request.subresource !== "") return refused("cannot get subresource");
  return reference(graph, node, request, verbs);
}

function reference(graph: NodeGraph, node: string, request: AuthorizationAttributes, verbs: readonly string[]) {
  if (!verbs.includes(request.verb)) return refused(`can only ${verbs.join("/")} resources of this type`);
  if (request.name === "") return refused("No Object name found");
  return graph.refers(node, request.resource, request.namespace, request.name)
    ? allowed
    : refused(`no relationship found between node '${node}' and this object`);
}

function serviceAccount(graph: NodeGraph, node: string, request: AuthorizationAttributes) {
  if (
    request.subresource === "token" ? request.verb !== "create" : request.subresource !== "" || request.verb !== "get"
  ) {
    return refused("can only create tokens for individual service accounts");
  }
  return graph.refers(node, "serviceaccounts", request.namespace, request.name)
    ? allowed
    : refused(`no relationship found between node '${node}' and this object`);
}

function selects(selector: string | undefined, field: string, value: string): boolean {
  return (selector ?? "").split(",").some((term) => term === `${field}=${value}` || term === `${field}==${value}`);
}

function ownNode(node: string, request: AuthorizationAttributes): AuthorizationDecision | undefined {
  if (request.subresource !== "" && request.subresource !== "status") return undefined;
  if (request.verb === "create") return undefined;
  if (request.name === node) return undefined;
  if (["list", "watch"].includes(request.verb) && selects(request.fieldSelector, "metadata.name", node)) return allowed;
  return refused(`node '${node}' cannot read '${request.name}', only its own Node object`);
}

function ownPods(graph: NodeGraph, node: string, request: AuthorizationAttributes): AuthorizationDecision | undefined {
  switch (request.verb) {
    case "get":
      return graph.refers(node, "pods", request.namespace, request.name)
        ? allowed
        : refused(`no relationship found between node '${node}' and this object`);
    case "list":
    case "watch":
      return selects(request.fieldSelector, "spec.nodeName", node)
        ? allowed
        : refused(`can only list/watch pods with spec.nodeName field selector`);
    default:
      return undefined;
  }
}

function ownLease(node: string, request: AuthorizationAttributes): AuthorizationDecision {
  if (!["get", "create", "update", "patch", "delete"].includes(request.verb)) {
    return refused("can only get, create, update, patch, or delete a node lease");
  }
  if (request.namespace !== "kube-node-lease")
    return refused('can only access leases in the "kube-node-lease" system namespace');
  return request.verb === "create" || request.name === node
    ? allowed
    : refused("can only access node lease with the same name as the requesting node");
}

function ownCsiNode(node: string, request: AuthorizationAttributes): AuthorizationDecision {
  if (request.verb === "create" || request.name === node) {
    return ["get", "create", "update", "patch", "delete"].includes(request.verb)
      ? allowed
      : refused("cannot do this to a CSINode");
  }
  return refused("can only access CSINode with the same name as the requesting node");
}

/** What a new slice says of its node is checked by the plug-in NodeRestriction. */
function ownResourceSlices(graph: NodeGraph, node: string, request: AuthorizationAttributes): AuthorizationDecision {
  if (request.subresource !== "") return refused("cannot authorize ResourceSlice subresources");
  switch (request.verb) {
    case "create":
      return allowed;
    case "get":
    case "update":
    case "patch":
    case "delete":
      return reference(graph, node, request, ["get", "update", "patch", "delete"]);
    case "list":
    case "watch":
    case "deletecollection":
      return selects(request.fieldSelector, "spec.nodeName", node)
        ? allowed
        : refused("can only list/watch/deletecollection resourceslices with nodeName field selector");
    default:
      return refused(
        "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
      );
  }
}
