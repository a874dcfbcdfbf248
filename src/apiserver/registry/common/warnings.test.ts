import type {
  CSIStorageCapacity,
  EndpointSlice,
  Ingress,
  NetworkPolicy,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  RuntimeClass,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
  StorageClass,
} from "../../../api/index.ts";
import { statefulSetStrategy } from "../apps/stateful-set.ts";
import { nodeStrategy } from "../core/node.ts";
import { persistentVolumeClaimStrategy } from "../core/persistent-volume-claim.ts";
import { persistentVolumeStrategy } from "../core/persistent-volume.ts";
import { secretStrategy } from "../core/secret.ts";
import { serviceAccountStrategy } from "../core/service-account.ts";
import { serviceStrategy } from "../core/service.ts";
import { endpointSliceStrategy } from "../discovery/endpoint-slice.ts";
import { RuleTables } from "../fixture.ts";
import { ingressStrategy } from "../networking/ingress.ts";
import { networkPolicyStrategy } from "../networking/network-policy.ts";
import { runtimeClassStrategy } from "../node/runtime-class.ts";
import { csiStorageCapacityStrategy } from "../storage/capacity.ts";
import { storageClassStrategy } from "../storage/storage-class.ts";

const wrong = <T>(value: unknown): T => value as T;
const metadata = { name: "x", namespace: "n" };
const betaOs = "beta.kubernetes.io/os";
const ofOs = 'deprecated since v1.14; use "kubernetes.io/os" instead';

const annotated = (key: string, value = "true") => ({ ...metadata, annotations: { [key]: value } });

new RuleTables<ServiceAccount>("ServiceAccount", serviceAccountStrategy).warns([
  [
    "limits of mounted secrets",
    { metadata: annotated("kubernetes.io/enforce-mountable-secrets") },
    [
      "metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets",
    ],
  ],
  [
    "what was there before",
    { metadata: annotated("kubernetes.io/enforce-mountable-secrets") },
    [],
    { metadata: annotated("kubernetes.io/enforce-mountable-secrets") },
  ],
]);
new RuleTables<Secret>("Secret", secretStrategy).warns([
  [
    "a pair that is none",
    { metadata, type: "kubernetes.io/tls", data: {} },
    ["tls: failed to find any PEM data in certificate input"],
  ],
  ["another type", { metadata, type: "Opaque" }, []],
]);
new RuleTables<Node>("Node", nodeStrategy).warns([
  [
    "fields without use",
    { metadata, spec: { externalID: "x", configSource: {}, podCIDRs: ["10.1.2.3/16"] } },
    [
      "spec.configSource: the feature is removed",
      "spec.externalID: this field is deprecated, and is unused by Kubernetes",
      'spec.podCIDRs[0]: CIDR value "10.1.2.3/16" is ambiguous in this context (should be "10.1.0.0/16" or "10.1.2.3/32"?)',
    ],
  ],
]);
new RuleTables<PersistentVolume>("PersistentVolume", persistentVolumeStrategy).warns([
  [
    "all that is old",
    {
      metadata: annotated("volume.beta.kubernetes.io/mount-options", "ro"),
      spec: {
        persistentVolumeReclaimPolicy: "Recycle",
        capacity: { storage: "1m" },
        rbd: wrong({}),
        nodeAffinity: {
          required: { nodeSelectorTerms: [{ matchExpressions: [{ key: betaOs, operator: "Exists" }] }] },
        },
      },
    },
    [
      'metadata.annotations[volume.beta.kubernetes.io/mount-options]: deprecated since v1.31; use "mountOptions" attribute instead',
      "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
      `spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: ${betaOs} is ${ofOs}`,
      "spec.rbd: deprecated in v1.28, non-functional in v1.31+",
      'spec.capacity[storage]: fractional byte value "1m" is invalid, must be an integer',
    ],
  ],
]);
new RuleTables<PersistentVolumeClaim>("PersistentVolumeClaim", persistentVolumeClaimStrategy).warns([
  [
    "its class in an annotation, a limit of a part of a byte",
    {
      metadata: annotated("volume.beta.kubernetes.io/storage-class", "s"),
      spec: { resources: { limits: { storage: "1500m" } } },
    },
    [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.resources.limits[storage]: fractional byte value "1500m" is invalid, must be an integer',
    ],
  ],
]);
new RuleTables<StorageClass>("StorageClass", storageClassStrategy).warns([
  [
    "an old label",
    {
      metadata,
      provisioner: "p",
      allowedTopologies: [{ matchLabelExpressions: [{ key: betaOs, values: ["a"] }] }],
    },
    [`allowedTopologies[0].matchLabelExpressions[0].key: ${ofOs}`],
  ],
]);
new RuleTables<CSIStorageCapacity>("CSIStorageCapacity", csiStorageCapacityStrategy).warns([
  [
    "an old label",
    { metadata, storageClassName: "s", nodeTopology: { matchLabels: { [betaOs]: "a" } } },
    [`nodeTopology.matchLabels.${betaOs}: ${ofOs}`],
  ],
]);
new RuleTables<RuntimeClass>("RuntimeClass", runtimeClassStrategy).warns([
  [
    "an old label",
    { metadata, handler: "h", scheduling: { nodeSelector: { [betaOs]: "a" } } },
    [`scheduling.nodeSelector: ${ofOs}`],
  ],
]);
new RuleTables<NetworkPolicy>("NetworkPolicy", networkPolicyStrategy).warns([
  [
    "blocks with more bits than they need",
    {
      metadata,
      spec: {
        podSelector: {},
        ingress: [{ from: [{ podSelector: {} }, { ipBlock: { cidr: "10.1.0.0/8", except: ["010.1.0.0/16"] } }] }],
        egress: [{ to: [{ ipBlock: { cidr: "2001:DB8::/32" } }] }],
      },
    },
    [
      'spec.ingress[0].from[1].ipBlock.cidr: CIDR value "10.1.0.0/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.1.0.0/32"?)',
      'spec.ingress[0].from[1].ipBlock.except[0]: non-standard CIDR value "010.1.0.0/16" is invalid: use "10.1.0.0/16"',
      'spec.egress[0].to[0].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
    ],
  ],
]);
new RuleTables<Ingress>("Ingress", ingressStrategy).warns([
  [
    "its class in an annotation",
    { metadata: annotated("kubernetes.io/ingress.class", "c"), spec: {} },
    [`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`],
  ],
  ["both", { metadata: annotated("kubernetes.io/ingress.class", "c"), spec: { ingressClassName: "c" } }, []],
]);
new RuleTables<Service>("Service", serviceStrategy).warns([
  ["a plain headless one", { metadata, spec: { type: "ClusterIP", clusterIP: "None", sessionAffinity: "None" } }, []],
  [
    "affinity and addresses of a headless one",
    {
      metadata,
      spec: { type: "ClusterIP", clusterIP: "None", sessionAffinity: "ClientIP", externalIPs: ["1.2.3.4"] },
    },
    ["spec.externalIPs is ignored for headless services", "spec.SessionAffinity is ignored for headless services"],
  ],
  [
    "addresses of one that has an address",
    { metadata, spec: { type: "ClusterIP", clusterIP: "10.0.0.1", externalIPs: ["1.2.3.4"] } },
    ["spec.externalIPs is deprecated and may no longer be implemented in some clusters"],
  ],
  [
    "the old name of a distribution",
    { metadata, spec: { type: "ClusterIP", clusterIP: "10.0.0.1", trafficDistribution: "PreferClose" } },
    ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
  ],
]);
new RuleTables<EndpointSlice>("EndpointSlice", endpointSliceStrategy).warns([
  [
    "names",
    { metadata, addressType: "FQDN", endpoints: [{ addresses: ["a.example.com"] }] },
    ["spec.addressType: FQDN endpoints are deprecated"],
  ],
  [
    "an address with zeros in front",
    { metadata, addressType: "IPv4", endpoints: [{ addresses: ["010.0.0.1"] }] },
    ['endpoints[0].addresses[0]: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"'],
  ],
  [
    "nothing that a controller wrote",
    {
      metadata: {
        ...metadata,
        labels: { "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io" },
      },
      addressType: "IPv4",
      endpoints: [{ addresses: ["010.0.0.1"] }],
    },
    [],
  ],
]);
new RuleTables<StatefulSet>("StatefulSet", statefulSetStrategy).warns([
  [
    "a name with dots, endless history, a claim of a part of a byte",
    {
      metadata: { ...metadata, name: "a.b" },
      spec: {
        selector: {},
        template: { metadata: {}, spec: { containers: [] } },
        revisionHistoryLimit: -1,
        volumeClaimTemplates: [{ metadata: {}, spec: { resources: { requests: { storage: "1m" } } } }],
      },
    },
    [
      "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
      'spec.volumeClaimTemplates[0].Spec.resources.requests[storage]: fractional byte value "1m" is invalid, must be an integer',
      "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended",
    ],
  ],
]);
