import type { HealthCheck } from "./health.ts";

/** As upstream's server lists them. */
const known = [
  "ping",
  "log",
  "etcd",
  "etcd-readiness",
  "informer-sync",
  ...[
    "start-apiserver-admission-initializer",
    "generic-apiserver-start-informers",
    "priority-and-fairness-config-consumer",
    "priority-and-fairness-filter",
    "start-apiextensions-informers",
    "start-apiextensions-controllers",
    "crd-informer-synced",
    "start-system-namespaces-controller",
    "start-cluster-authentication-info-controller",
    "storage-readiness",
    "start-legacy-token-tracking-controller",
    "start-service-ip-repair-controllers",
    "rbac/bootstrap-roles",
    "scheduling/bootstrap-system-priority-classes",
    "priority-and-fairness-config-producer",
    "bootstrap-controller",
    "start-kubernetes-service-cidr-controller",
    "start-kube-aggregator-informers",
    "apiservice-status-local-available-controller",
    "apiservice-status-remote-available-controller",
    "apiservice-registration-controller",
    "apiservice-wait-for-first-sync",
    "apiservice-discovery-controller",
    "kube-apiserver-autoregistration",
  ].map((hook) => `poststarthook/${hook}`),
  "autoregister-completion",
  "poststarthook/apiservice-openapi-controller",
  "poststarthook/apiservice-openapiv3-controller",
];
const places = new Map(known.map((name, index) => [name, index]));

/** What upstream does not have comes last, in the order in which it came. */
export function inUpstreamOrder(checks: readonly HealthCheck[]): readonly HealthCheck[] {
  const place = ({ name }: HealthCheck): number => places.get(name) ?? known.length;
  return checks.toSorted((a, b) => place(a) - place(b));
}
