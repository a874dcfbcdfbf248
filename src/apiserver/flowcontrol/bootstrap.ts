import type {
  FlowSchema,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  ResourcePolicyRule,
  Subject,
} from "../../api/index.ts";

/** What a cluster starts with, by upstream's names, precedences and shares (v1.36). */
export interface BootstrapObjects {
  readonly levels: readonly PriorityLevelConfiguration[];
  readonly schemas: readonly FlowSchema[];
}

export const autoUpdateAnnotation = "apf.kubernetes.io/autoupdate-spec";
const apiVersion = "flowcontrol.apiserver.k8s.io/v1";
const metadataOf = (name: string) => ({ name, annotations: { [autoUpdateAnnotation]: "true" } });

function limited(name: string, shares: number, lendable: number, queues = 0, handSize = 0): PriorityLevelConfiguration {
  const limitResponse =
    queues === 0 ? { type: "Reject" } : { type: "Queue", queuing: { queues, handSize, queueLengthLimit: 50 } };
  const spec: PriorityLevelConfigurationSpec = {
    type: "Limited",
    limited: { nominalConcurrencyShares: shares, lendablePercent: lendable, limitResponse },
  };
  return { apiVersion, kind: "PriorityLevelConfiguration", metadata: metadataOf(name), spec };
}

const exempt: PriorityLevelConfiguration = {
  apiVersion,
  kind: "PriorityLevelConfiguration",
  metadata: metadataOf("exempt"),
  spec: { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
};

const user = (name: string): Subject => ({ kind: "User", user: { name } });
const group = (name: string): Subject => ({ kind: "Group", group: { name } });
const systemAccount = (name: string): Subject => ({
  kind: "ServiceAccount",
  serviceAccount: { namespace: "kube-system", name },
});
const everybody = [group("system:unauthenticated"), group("system:authenticated")];

const allResources: ResourcePolicyRule = {
  verbs: ["*"],
  apiGroups: ["*"],
  resources: ["*"],
  clusterScope: true,
  namespaces: ["*"],
};
const allPaths = { verbs: ["*"], nonResourceURLs: ["*"] };
const everything = { resourceRules: [allResources], nonResourceRules: [allPaths] };
const inNamespaces = (verbs: string[], apiGroup: string, resource: string): ResourcePolicyRule => ({
  verbs,
  apiGroups: [apiGroup],
  resources: [resource],
  namespaces: ["*"],
});
const leases = { resourceRules: [inNamespaces(["get", "create", "update"], "coordination.k8s.io", "leases")] };

interface Rules {
  readonly resourceRules?: ResourcePolicyRule[];
  readonly nonResourceRules?: { verbs: string[]; nonResourceURLs: string[] }[];
}

function schema(
  [name, level, matchingPrecedence]: readonly [name: string, level: string, precedence: number],
  distinguisher: "ByUser" | "ByNamespace" | undefined,
  subjects: Subject[],
  rules: Rules = everything,
): FlowSchema {
  return {
    apiVersion,
    kind: "FlowSchema",
    metadata: metadataOf(name),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence,
      ...(distinguisher === undefined ? {} : { distinguisherMethod: { type: distinguisher } }),
      rules: [{ subjects, ...rules }],
    },
  };
}

/** Always there, always as they are here. */
export const mandatory: BootstrapObjects = {
  levels: [exempt, limited("catch-all", 5, 0)],
  schemas: [
    schema(["exempt", "exempt", 1], undefined, [group("system:masters")]),
    schema(["catch-all", "catch-all", 10_000], "ByUser", everybody),
  ],
};

const controllerManager = user("system:kube-controller-manager");
const nodeStatus: Rules = {
  resourceRules: [
    {
      verbs: ["*"],
      apiGroups: [""],
      resources: ["nodes", "nodes/status"],
      clusterScope: true,
      namespaces: ["*"],
    },
    inNamespaces(["*"], "coordination.k8s.io", "leases"),
  ],
};

/** Made and kept current as long as their annotation says so. */
export const suggested: BootstrapObjects = {
  levels: [
    limited("system", 30, 33, 64, 6),
    limited("node-high", 40, 25, 64, 6),
    limited("leader-election", 10, 0, 16, 4),
    limited("workload-high", 40, 50, 128, 6),
    limited("workload-low", 100, 90, 128, 6),
    limited("global-default", 20, 50, 128, 6),
  ],
  schemas: [
    schema(["probes", "exempt", 2], undefined, everybody, {
      nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/healthz", "/readyz", "/livez"] }],
    }),
    schema(
      ["system-leader-election", "leader-election", 100],
      "ByUser",
      [controllerManager, user("system:kube-scheduler"), systemAccount("*")],
      leases,
    ),
    schema(["system-node-high", "node-high", 400], "ByUser", [group("system:nodes")], nodeStatus),
    schema(["system-nodes", "system", 500], "ByUser", [group("system:nodes")]),
    schema(["kube-controller-manager", "workload-high", 800], "ByNamespace", [controllerManager]),
    schema(["kube-scheduler", "workload-high", 800], "ByNamespace", [user("system:kube-scheduler")]),
    schema(["kube-system-service-accounts", "workload-high", 900], "ByNamespace", [systemAccount("*")]),
    schema(["service-accounts", "workload-low", 9_000], "ByUser", [group("system:serviceaccounts")]),
    schema(["global-default", "global-default", 9_900], "ByUser", everybody),
  ],
};
