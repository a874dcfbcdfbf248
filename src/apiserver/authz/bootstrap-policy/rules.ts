import type { PolicyRule } from "../rbac-types.ts";

const groups: Readonly<Record<string, string>> = {
  core: "",
  rbac: "rbac.authorization.k8s.io",
  authentication: "authentication.k8s.io",
  authorization: "authorization.k8s.io",
  certificates: "certificates.k8s.io",
  coordination: "coordination.k8s.io",
  discovery: "discovery.k8s.io",
  events: "events.k8s.io",
  networking: "networking.k8s.io",
  storage: "storage.k8s.io",
  node: "node.k8s.io",
  resource: "resource.k8s.io",
  admission: "admissionregistration.k8s.io",
  metrics: "metrics.k8s.io",
  "custom.metrics": "custom.metrics.k8s.io",
  "external.metrics": "external.metrics.k8s.io",
  migration: "storagemigration.k8s.io",
  scheduling: "scheduling.k8s.io",
  apiextensions: "apiextensions.k8s.io",
  internal: "internal.apiserver.k8s.io",
};

const verbSets: Readonly<Record<string, readonly string[]>> = {
  read: ["get", "list", "watch"],
  write: ["create", "delete", "deletecollection", "patch", "update"],
};

function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}

function sortedVerbs(text: string): string[] {
  return words(text)
    .flatMap((word) => verbSets[word] ?? [word])
    .toSorted();
}

/**
 * One policy rule a line: `verbs | groups | resources | names` or `verbs | /url /url`. `read` and `write` stand for
 * their verbs, groups go by their first word.
 */
export function rule(line: string): PolicyRule {
  const [verbs = "", second = "", resources, names] = line.split("|").map((part) => part.trim());
  if (resources === undefined) return { nonResourceURLs: words(second), verbs: sortedVerbs(verbs) };
  return {
    apiGroups: words(second).map((group) => groups[group] ?? group),
    ...(names === undefined ? {} : { resourceNames: words(names) }),
    resources: words(resources),
    verbs: sortedVerbs(verbs),
  };
}

/** The rules of lines that may begin with a feature gate, `Gate: verbs | …`; those of gates that are off are left out. */
export function rulesGiven(lines: readonly string[], isOn: (gate: string) => boolean): PolicyRule[] {
  return lines.flatMap((line) => {
    const [, gate, rest = line] = /^([A-Z]\w+): (.*)$/.exec(line) ?? [];
    return gate === undefined || isOn(gate) ? [rule(rest)] : [];
  });
}

/** What every component that reports events needs. */
export const eventsRule = "create patch update | core events | events";
