import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod, PodSpec } from "../../../api/index.ts";
import { fieldPath } from "../../../apimachinery/index.ts";
import { podWarnings, templateWarnings } from "./pod-warnings.ts";

const wrong = <T>(value: unknown): T => value as T;
const container = { name: "c", image: "i" };

function pod(spec: Partial<PodSpec>, annotations?: Record<string, string>): Pod {
  const metadata = { name: "p", ...(annotations === undefined ? {} : { annotations }) };
  return { metadata, spec: { containers: [container], ...spec } };
}

const cases: readonly (readonly [what: string, object: Pod, warnings: readonly string[]])[] = [
  ["nothing wrong", pod({}), []],
  [
    "old labels of nodes",
    pod({
      nodeSelector: { "beta.kubernetes.io/os": "linux", "node-role.kubernetes.io/master": "" },
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: "beta.kubernetes.io/arch", operator: "Exists" }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ key: "a", operator: "In", values: ["-1"] }] } },
          ],
        },
      },
    }),
    [
      'spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
      'spec.nodeSelector[node-role.kubernetes.io/master]: use "node-role.kubernetes.io/control-plane" instead',
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/arch is deprecated since v1.14; use "kubernetes.io/arch" instead',
      "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: -1 is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
  ],
  [
    "annotations without effect",
    pod(
      {},
      {
        "scheduler.alpha.kubernetes.io/critical-pod": "",
        "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
        "container.seccomp.security.alpha.kubernetes.io/c": "unconfined",
        // Of pods this is said where annotation and field are matched.
        "container.apparmor.security.beta.kubernetes.io/c": "unconfined",
      },
    ),
    [
      'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
      'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead',
    ],
  ],
  [
    "an address of the host without a port of it",
    pod({ containers: [{ ...container, ports: [{ containerPort: 80, protocol: "UDP", hostIP: "10.0.0.1" }] }] }),
    [
      "spec.containers[0].ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:UDP HostIP:10.0.0.1}",
    ],
  ],
  [
    "files that hide each other",
    pod({
      volumes: [
        {
          name: "m",
          configMap: {
            name: "map",
            items: [
              { key: "a", path: "x" },
              { key: "b", path: "x/y/" },
              { key: "c", path: "xy" },
            ],
          },
        },
        {
          name: "p",
          projected: {
            sources: [
              { secret: { name: "s", items: [{ key: "a", path: "token" }] } },
              { serviceAccountToken: { path: "token" } },
              {},
            ],
          },
        },
      ],
    }),
    [
      'volume "m" (ConfigMap "map"): overlapping paths: "x/y" with "x"',
      'volume "p" (Projected) has no sources provided',
      'volume "p" (Projected): overlapping paths: "token" (ServiceAccountToken) with "token" (Secret "s")',
    ],
  ],
  [
    "a claim of half a byte",
    pod({
      volumes: [
        {
          name: "e",
          ephemeral: { volumeClaimTemplate: { metadata: {}, spec: { resources: { requests: { storage: "500m" } } } } },
        },
      ],
    }),
    [
      'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
    ],
  ],
  [
    "a grace below zero, pull secrets without and with the same name, an address twice",
    pod({
      terminationGracePeriodSeconds: -1,
      imagePullSecrets: [{ name: "a" }, { name: "a" }, wrong({})],
      hostAliases: [{ ip: "::1" }, { ip: "::1" }],
      dnsConfig: { nameservers: ["010.0.0.1"] },
    }),
    [
      'spec.hostAliases[1].ip: duplicate ip "::1"',
      'spec.imagePullSecrets[1].name: duplicate name "a"',
      'spec.imagePullSecrets[2].name: invalid empty name ""',
      "spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
      'spec.dnsConfig.nameservers[0]: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"',
    ],
  ],
];

for (const [what, object, warnings] of cases) {
  test(`pods: ${what}`, () => assert.deepEqual(podWarnings(object), warnings));
}

test("templates: AppArmor's annotation is only fine where the pod's field says the same", () => {
  const annotations = { "container.apparmor.security.beta.kubernetes.io/c": "localhost/x" };
  const warned = (spec: Partial<PodSpec>) =>
    templateWarnings(
      { metadata: { annotations }, spec: { containers: [container], ...spec } },
      fieldPath("spec", "template"),
    );
  const text =
    'spec.template.metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead';
  assert.deepEqual(warned({}), [text]);
  assert.deepEqual(warned({ securityContext: { appArmorProfile: { type: "RuntimeDefault" } } }), [text]);
  const same = { appArmorProfile: { type: "Localhost", localhostProfile: "x" } } as const;
  assert.deepEqual(warned({ securityContext: same }), []);
});
