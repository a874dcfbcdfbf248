import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, EphemeralContainer, PodSpec } from "../../../api/index.ts";
import { fieldErrorMessage, fieldPath } from "../../../apimachinery/index.ts";
import { collect } from "./lifecycle.ts";
import { checkPodTemplate } from "./pod-template.ts";

const container: Container = { name: "c", image: "i", terminationMessagePolicy: "File", imagePullPolicy: "Always" };
const init = (more: Partial<Container>) => ({ initContainers: [{ ...container, name: "i", ...more }] });
const debug = (more: Partial<EphemeralContainer>) => ({ ephemeralContainers: [{ ...container, name: "e", ...more }] });
const wrong = <T>(value: unknown): T => value as T;
const notInTemplates = "spec.ephemeralContainers: Forbidden: ephemeral containers not allowed in pod template";

const cases: readonly (readonly [what: string, spec: Partial<PodSpec>, messages: readonly string[]])[] = [
  ["nothing wrong", {}, []],
  ["no sysctls of a Windows pod", { os: { name: "windows" }, securityContext: { sysctls: [] } }, []],
  [
    "no groups of a Windows pod",
    { os: { name: "windows" }, securityContext: { supplementalGroups: [] } },
    ["spec.securityContext.supplementalGroups: Forbidden: cannot be set for a windows pod"],
  ],
  [
    "rules to restart an init container that has no policy",
    init({ restartPolicyRules: [{ action: "Restart" }] }),
    ["spec.initContainers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used"],
  ],
  [
    "a rule without an operator",
    {
      containers: [
        { ...container, restartPolicy: "Never", restartPolicyRules: [wrong({ action: "Restart", exitCodes: {} })] },
      ],
    },
    [
      'spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "": supported values: "In", "NotIn"',
    ],
  ],
  [
    "an init container that ends, restarted to resize it",
    init({ resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] }),
    [
      "spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: \"RestartContainer\": must not be set to 'RestartContainer' for non-sidecar initContainers",
    ],
  ],
  [
    "restarts to resize what is never restarted",
    {
      restartPolicy: "Never",
      containers: [{ ...container, resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] }],
    },
    [
      "spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy` is 'Never'",
    ],
  ],
  [
    "debugging containers with what only others may have, be it empty",
    debug({ resources: {}, ports: [], lifecycle: {}, resizePolicy: [] }),
    [
      "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
      "spec.ephemeralContainers[0].resizePolicy: Forbidden: cannot be set for an Ephemeral Container",
      "spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container",
      notInTemplates,
    ],
  ],
  [
    "resources of a pod that only containers may have",
    { resources: { limits: { "a.b/c": "1", k: "1" }, claims: [] } },
    [
      "spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level",
      'spec.resources.limits[a.b/c]: Unsupported value: "a.b/c": supported values: "cpu", "hugepages-", "memory"',
      'spec.resources.limits[k]: Invalid value: "k": must be a standard resource type or fully qualified',
    ],
  ],
  [
    "a driver without a name",
    { volumes: [{ name: "v", csi: { driver: "" } }] },
    ["spec.volumes[0].csi.driver: Required value"],
  ],
  [
    "metadata that claims of a pod do not have",
    {
      volumes: [
        {
          name: "v",
          ephemeral: {
            volumeClaimTemplate: {
              metadata: { name: "x", uid: "u" },
              spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1" } } },
            },
          },
        },
      ],
    },
    [
      "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set",
      "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.uID: Forbidden: cannot be set",
    ],
  ],
  [
    "what Windows does not know, in upstream's order",
    {
      os: { name: "windows" },
      hostIPC: true,
      shareProcessNamespace: true,
      securityContext: { appArmorProfile: { type: "Unconfined" }, fsGroup: 1, runAsUser: 1 },
    },
    [
      "spec.securityContext.appArmorProfile: Forbidden: cannot be set for a windows pod",
      "spec.hostIPC: Forbidden: cannot be set for a windows pod",
      "spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod",
      "spec.shareProcessNamespace: Forbidden: cannot be set for a windows pod",
      "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
    ],
  ],
  [
    "all at once, in upstream's order",
    {
      preemptionPolicy: wrong("x"),
      tolerations: [{ operator: "Equal" }],
      hostname: "a.b",
      activeDeadlineSeconds: 0,
      hostnameOverride: "a",
      setHostnameAsFQDN: true,
      dnsConfig: { options: [{}] },
      nodeSelector: { "a!": "b" },
      restartPolicy: wrong("x"),
    },
    [
      'spec.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"',
      "spec.nodeSelector: Invalid value: \"a!\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      "spec.dnsConfig.options[0]: Required value: must not be empty",
      "spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true",
      "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
      'spec.hostname: Invalid value: "a.b": must not contain dots',
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      'spec.preemptionPolicy: Unsupported value: "x": supported values: "PreemptLowerPriority", "Never"',
    ],
  ],
  [
    "tolerations that compare",
    {
      tolerations: [
        { key: "a", operator: wrong("Gt") },
        { key: "a", operator: wrong("Eq") },
      ],
    },
    [
      'spec.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt"',
      'spec.tolerations[1].operator: Unsupported value: "Eq": supported values: "Equal", "Exists"',
    ],
  ],
];

for (const [what, change, messages] of cases) {
  test(`templates of pods: ${what}`, () => {
    const usual = { restartPolicy: "Always", dnsPolicy: "ClusterFirst", terminationGracePeriodSeconds: 30 } as const;
    const spec: PodSpec = { ...usual, containers: [container], ...change };
    const path = fieldPath("template");
    const found = collect((errors) => checkPodTemplate({ metadata: {}, spec }, path, errors)).map(fieldErrorMessage);
    assert.deepEqual(
      found,
      messages.map((message) => `template.${message}`),
    );
  });
}
