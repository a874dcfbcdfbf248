import { eventsRule } from "./rules.ts";

/** Roles inside the system's own namespaces: namespace → role → rules. */
export const namespaceRoles: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  "kube-system": {
    "extension-apiserver-authentication-reader": ["read | core | configmaps | extension-apiserver-authentication"],
    "system:controller:bootstrap-signer": ["read | core | secrets"],
    "system:controller:cloud-provider": ["create read | core | configmaps"],
    "system:controller:token-cleaner": ["delete read | core | secrets", eventsRule],
    "system::leader-locking-kube-controller-manager": [
      "create get list update watch | coordination | leases",
      "create get list update watch | coordination | leasecandidates",
    ],
    "system::leader-locking-kube-scheduler": [
      "create get list update watch | coordination | leases",
      "create get list update watch | coordination | leasecandidates",
    ],
  },
  "kube-public": {
    "system:controller:bootstrap-signer": [
      "read | core | configmaps",
      "update | core | configmaps | cluster-info",
      eventsRule,
    ],
  },
};
