/** Subjects are written `user:NAME`, `group:NAME` or `account:NAMESPACE/NAME`. */
export interface BootstrapBinding {
  readonly name: string;
  /** `cluster/NAME` or `role/NAME`. */
  readonly role: string;
  readonly namespace?: string;
  readonly subjects: readonly string[];
}

const everyone = ["group:system:authenticated", "group:system:unauthenticated"];

const clusterBinding = (name: string, ...subjects: string[]): BootstrapBinding => ({
  name,
  role: `cluster/${name}`,
  subjects,
});

export const clusterRoleBindings: readonly BootstrapBinding[] = [
  clusterBinding("cluster-admin", "group:system:masters"),
  clusterBinding("system:monitoring", "group:system:monitoring"),
  clusterBinding("system:discovery", "group:system:authenticated"),
  clusterBinding("system:basic-user", "group:system:authenticated"),
  clusterBinding("system:public-info-viewer", ...everyone),
  clusterBinding("system:node-proxier", "user:system:kube-proxy"),
  clusterBinding("system:kube-controller-manager", "user:system:kube-controller-manager"),
  clusterBinding("system:kube-dns", "account:kube-system/kube-dns"),
  clusterBinding("system:kube-scheduler", "user:system:kube-scheduler"),
  clusterBinding("system:volume-scheduler", "user:system:kube-scheduler"),
  /** Nodes are authorized by the Node authorizer; upstream keeps this binding without subjects. */
  clusterBinding("system:node"),
  clusterBinding("system:service-account-issuer-discovery", "group:system:serviceaccounts"),
  clusterBinding("system:cluster-trust-bundle-discovery", "group:system:serviceaccounts"),
];

const system = "kube-system";

export const roleBindings: readonly BootstrapBinding[] = [
  {
    name: "system::extension-apiserver-authentication-reader",
    role: "role/extension-apiserver-authentication-reader",
    namespace: system,
    subjects: ["user:system:kube-controller-manager", "user:system:kube-scheduler"],
  },
  {
    name: "system::leader-locking-kube-controller-manager",
    role: "role/system::leader-locking-kube-controller-manager",
    namespace: system,
    subjects: [
      "user:system:kube-controller-manager",
      "account:kube-system/kube-controller-manager",
      "account:kube-system/leader-election-controller",
    ],
  },
  {
    name: "system::leader-locking-kube-scheduler",
    role: "role/system::leader-locking-kube-scheduler",
    namespace: system,
    subjects: ["user:system:kube-scheduler", "account:kube-system/kube-scheduler"],
  },
  ...["bootstrap-signer", "cloud-provider", "token-cleaner"].map((name) => ({
    name: `system:controller:${name}`,
    role: `role/system:controller:${name}`,
    namespace: system,
    subjects: [`account:kube-system/${name}`],
  })),
  {
    name: "system:controller:bootstrap-signer",
    role: "role/system:controller:bootstrap-signer",
    namespace: "kube-public",
    subjects: ["account:kube-system/bootstrap-signer"],
  },
];
