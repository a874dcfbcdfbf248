import assert from "node:assert/strict";
import { test } from "node:test";
import type { Container, Pod, PodSpec } from "../../../../api/index.ts";
import { type FieldError, fieldErrorMessage } from "../../../../apimachinery/index.ts";
import type { WriteContext } from "../../contract.ts";
import { podStrategy } from "./strategy.ts";

const context = {} as WriteContext;
const container: Container = {
  name: "c",
  image: "nginx",
  terminationMessagePolicy: "File",
  imagePullPolicy: "Always",
};

function spec(change: Partial<PodSpec> = {}): PodSpec {
  return {
    containers: [container],
    restartPolicy: "Always",
    dnsPolicy: "ClusterFirst",
    terminationGracePeriodSeconds: 30,
    ...change,
  };
}

function pod(change: Partial<PodSpec> = {}, annotations?: Record<string, string>): Pod {
  return {
    metadata: { name: "p", namespace: "n", ...(annotations === undefined ? {} : { annotations }) },
    spec: spec(change),
  };
}

function withContainer(change: Partial<Container>, more: Partial<PodSpec> = {}): Pod {
  return pod({ containers: [{ ...container, ...change }], ...more });
}

const shown = (errors: readonly FieldError[] | undefined) => (errors ?? []).map(fieldErrorMessage);
const created = (object: Pod) => shown(podStrategy.validate?.(object, context));
const updated = (object: Pod, old: Pod) => shown(podStrategy.validateUpdate?.(object, old, context));

test("a full pod is accepted", () => {
  const full = withContainer(
    {
      command: ["a"],
      ports: [{ name: "http", containerPort: 80, hostPort: 8080, protocol: "TCP" }],
      env: [
        { name: "A", value: "b" },
        { name: "NODE", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.nodeName" } } },
        { name: "LABEL", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels['app']" } } },
        { name: "CPU", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
        { name: "S", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
      ],
      envFrom: [{ prefix: "X_", configMapRef: { name: "m" } }],
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1", "example.com/gpu": "1" } },
      volumeMounts: [
        { name: "v", mountPath: "/v" },
        { name: "t", mountPath: "/t", subPath: "a/b" },
      ],
      livenessProbe: { httpGet: { path: "/", port: "http", scheme: "HTTP" }, successThreshold: 1, periodSeconds: 10 },
      readinessProbe: { exec: { command: ["true"] } },
      lifecycle: { preStop: { sleep: { seconds: 5 } } },
      securityContext: { runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    },
    {
      serviceAccountName: "default",
      volumes: [
        { name: "v", emptyDir: { sizeLimit: "1Gi" } },
        { name: "t", projected: { sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3600 } }] } },
      ],
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { labelSelector: { matchLabels: { a: "b" } }, topologyKey: "kubernetes.io/hostname" },
          ],
        },
      },
      tolerations: [{ key: "a", operator: "Exists", effect: "NoExecute", tolerationSeconds: 5 }],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { a: "b" } },
        },
      ],
    },
  );
  assert.deepEqual(created(full), []);
});

const rejected: readonly (readonly [string, Pod, readonly string[]])[] = [
  ["no containers", pod({ containers: [] }), ["spec.containers: Required value"]],
  ["no image", withContainer({ image: "" }), ["spec.containers[0].image: Required value"]],
  [
    "space around an image",
    withContainer({ image: " x" }),
    ['spec.containers[0].image: Invalid value: " x": must not have leading or trailing whitespace'],
  ],
  [
    "the same name twice",
    pod({ containers: [container, container] }),
    ['spec.containers[1].name: Duplicate value: "c"'],
  ],
  [
    "restart policy",
    pod({ restartPolicy: "Sometimes" as "Always" }),
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
  ],
  [
    "pull policy",
    withContainer({ imagePullPolicy: "X" as "Always" }),
    ['spec.containers[0].imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"'],
  ],
  [
    "port out of range",
    withContainer({ ports: [{ containerPort: 70000, protocol: "TCP" }] }),
    ["spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
  ],
  [
    "host port taken twice",
    withContainer({
      ports: [
        { containerPort: 1, hostPort: 5, protocol: "TCP" },
        { containerPort: 2, hostPort: 5, protocol: "TCP" },
      ],
    }),
    ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//5"'],
  ],
  [
    "host network",
    withContainer({ ports: [{ containerPort: 1, protocol: "TCP" }] }, { hostNetwork: true }),
    ["spec.containers[0].ports[0].hostPort: Invalid value: 0: must match `containerPort` when `hostNetwork` is true"],
  ],
  [
    "mount of no volume",
    withContainer({ volumeMounts: [{ name: "x", mountPath: "/x" }] }),
    ['spec.containers[0].volumeMounts[0].name: Not found: "x"'],
  ],
  [
    "mount paths",
    withContainer(
      {
        volumeMounts: [
          { name: "v", mountPath: "/x" },
          { name: "v", mountPath: "/x" },
        ],
      },
      { volumes: [{ name: "v", emptyDir: {} }] },
    ),
    ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique'],
  ],
  [
    "two sources of a volume",
    pod({ volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/" } }] }),
    ["spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type"],
  ],
  [
    "no source of a volume",
    pod({ volumes: [{ name: "v" }] }),
    ["spec.volumes[0]: Required value: must specify a volume type"],
  ],
  [
    "request above limit",
    withContainer({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }),
    ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ],
  [
    "negative request",
    withContainer({ resources: { requests: { memory: "-1" } } }),
    ['spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater than or equal to 0'],
  ],
  [
    "unknown resource",
    withContainer({ resources: { requests: { gpu: "1" } } }),
    [
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
      'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
    ],
  ],
  [
    "extended resource without limit",
    withContainer({ resources: { requests: { "example.com/gpu": "1" } } }),
    ["spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources"],
  ],
  [
    "fraction of an extended resource",
    withContainer({ resources: { limits: { "example.com/gpu": "500m" } } }),
    ['spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer'],
  ],
  [
    "huge pages alone",
    withContainer({ resources: { requests: { "hugepages-2Mi": "2Mi" }, limits: { "hugepages-2Mi": "2Mi" } } }),
    ["spec.containers[0].resources: Forbidden: HugePages require cpu or memory"],
  ],
  [
    "environment without a source",
    withContainer({ env: [{ name: "A", valueFrom: {} }] }),
    [
      'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
    ],
  ],
  [
    "field path of a volume in the environment",
    withContainer({
      env: [{ name: "A", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.labels" } } }],
    }),
    [
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
    ],
  ],
  [
    "unknown field path",
    withContainer({ env: [{ name: "A", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.x" } } }] }),
    [
      'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error converting fieldPath: field label not supported: spec.x',
    ],
  ],
  [
    "two handlers",
    withContainer({ livenessProbe: { exec: { command: ["a"] }, tcpSocket: { port: 1 }, successThreshold: 1 } }),
    ["spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type"],
  ],
  [
    "no handler",
    withContainer({ readinessProbe: {} }),
    ["spec.containers[0].readinessProbe: Required value: must specify a handler type"],
  ],
  [
    "successes of a liveness probe",
    withContainer({ livenessProbe: { exec: { command: ["a"] }, successThreshold: 2 } }),
    ["spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"],
  ],
  [
    "probe of an init container",
    pod({ initContainers: [{ ...container, name: "i", livenessProbe: { exec: { command: ["a"] } } }] }),
    [
      "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ],
  ],
  [
    "privilege escalation",
    withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
    [
      'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
    ],
  ],
  [
    "user id",
    pod({ securityContext: { runAsUser: -1 } }),
    ["spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"],
  ],
  [
    "DNS policy None",
    pod({ dnsPolicy: "None" }),
    ["spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"],
  ],
  [
    "toleration",
    pod({ tolerations: [{ operator: "Equal" }] }),
    [
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ],
  ],
  [
    "node affinity without terms",
    pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } } }),
    [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term",
    ],
  ],
  [
    "spread twice",
    pod({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: "a", whenUnsatisfiable: "DoNotSchedule" },
        { maxSkew: 0, topologyKey: "a", whenUnsatisfiable: "DoNotSchedule" },
      ],
    }),
    [
      'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{a, DoNotSchedule}"',
      "spec.topologySpreadConstraints[1].maxSkew: Invalid value: 0: must be greater than zero",
    ],
  ],
  [
    "token without a service account",
    pod({
      volumes: [
        { name: "t", projected: { sources: [{ serviceAccountToken: { path: "t", expirationSeconds: 600 } }] } },
      ],
    }),
    [
      "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set",
    ],
  ],
  [
    "ephemeral containers",
    pod({ ephemeralContainers: [{ ...container, name: "e" }] as never }),
    ["spec.ephemeralContainers: Forbidden: cannot be set on create"],
  ],
  [
    "deadline",
    pod({ activeDeadlineSeconds: 0 }),
    ["spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"],
  ],
  [
    "pod resources below the containers'",
    pod({
      containers: [{ ...container, resources: { requests: { cpu: "2" } } }],
      resources: { requests: { cpu: "1" } },
    }),
    [
      'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
    ],
  ],
  [
    "mirror annotation without a node",
    pod({}, { "kubernetes.io/config.mirror": "x" }),
    [
      'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
    ],
  ],
  ["host users", pod({ hostUsers: false, hostPID: true }), ["spec.HostPID: Forbidden: when `hostUsers` is false"]],
  [
    "windows options",
    pod({ os: { name: "linux" }, securityContext: { windowsOptions: {} } }),
    ["spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"],
  ],
];
for (const [name, object, errors] of rejected)
  test(`refused: ${name}`, () => assert.deepEqual(created(object), errors));

test("images, deadlines and tolerations may change", () => {
  const old = pod({ tolerations: [{ key: "a", operator: "Exists" }] });
  const now = withContainer(
    { image: "other" },
    {
      activeDeadlineSeconds: 5,
      tolerations: [
        { key: "a", operator: "Exists" },
        { key: "b", operator: "Exists" },
      ],
    },
  );
  assert.deepEqual(updated(now, old), []);
});

test("nothing else may change", () => {
  const [error = ""] = updated(withContainer({ command: ["x"] }), pod());
  assert.match(
    error,
    /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,/,
  );
  assert.match(error, /\+ {3}"Command": \[/);
  assert.deepEqual(updated(pod({ containers: [container, { ...container, name: "d" }] }), pod()), [
    "spec.containers: Forbidden: pod updates may not add or remove containers",
  ]);
  assert.deepEqual(updated(pod(), pod({ tolerations: [{ key: "a", operator: "Exists" }] })), [
    "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds",
  ]);
  assert.deepEqual(updated(pod({ schedulingGates: [{ name: "x.y/z" }] }), pod()), [
    "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'x.y/z'",
  ]);
});

test("new gates are named once, and empty resources of a pod are not none", () => {
  const gated = pod({ schedulingGates: [{ name: "a" }, { name: "b" }, { name: "b" }] });
  assert.deepEqual(updated(gated, pod({ schedulingGates: [{ name: "a" }] })).slice(1), [
    "spec.schedulingGates[2].name: Forbidden: only deletion is allowed, but found new scheduling gate 'b'",
  ]);
  assert.match(updated(pod({ resources: {} }), pod())[0] ?? "", /^spec: Forbidden: pod updates may not change fields/);
});

test("a gated pod says since when it waits", () => {
  const gated = pod({ schedulingGates: [{ name: "a" }] });
  gated.metadata.creationTimestamp = "2026-01-02T03:04:05Z";
  podStrategy.prepareForCreate?.(gated, context);
  assert.deepEqual(
    gated.status?.conditions?.map(({ type, reason, lastTransitionTime }) => [type, reason, lastTransitionTime]),
    [["PodScheduled", "SchedulingGated", "2026-01-02T03:04:05Z"]],
  );
});

test("a gated pod may narrow where it runs", () => {
  const gates = [{ name: "a.b/c" }];
  const old = pod({ schedulingGates: gates, nodeSelector: { a: "b" } });
  assert.deepEqual(updated(pod({ schedulingGates: gates, nodeSelector: { a: "b", c: "d" } }), old), []);
  assert.deepEqual(updated(pod({ schedulingGates: gates, nodeSelector: { a: "x" } }), old), [
    'spec.nodeSelector: Invalid value: {"a":"x"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)',
  ]);
  const placed = (nodeAffinity: object) => pod({ schedulingGates: gates, affinity: { nodeAffinity } });
  const terms = [{ matchExpressions: [{ key: "k", operator: "Exists" }] }];
  assert.deepEqual(
    updated(placed({}), placed({ requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } })),
    [
      "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Invalid value: null: no additions/deletions to non-empty NodeSelectorTerms list are allowed",
    ],
  );
});

test("status: ended containers stay ended", () => {
  const status = (state: object) => ({
    ...pod({ restartPolicy: "Never" }),
    status: { containerStatuses: [{ name: "c", ready: false, restartCount: 0, image: "", imageID: "", state }] },
  });
  const errors = podStrategy.status?.validateUpdate?.(
    status({ running: {} }) as Pod,
    status({ terminated: { exitCode: 0 } }) as Pod,
    context,
  );
  assert.deepEqual(shown(errors), [
    "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state",
  ]);
});

test("status: a rule to restart all lets ended containers run again", () => {
  const rules = [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [42] } }];
  const spec = withContainer({ restartPolicy: "Never", restartPolicyRules: rules }, { restartPolicy: "Never" });
  assert.deepEqual(created(spec), []);
  const sidecar = { ...container, name: "s", restartPolicy: "Always", restartPolicyRules: rules } as Container;
  assert.deepEqual(created(pod({ initContainers: [sidecar] })), []);
  const unknown = [{ ...rules[0], action: "Sleep" }] as typeof rules;
  assert.deepEqual(created(withContainer({ restartPolicy: "Never", restartPolicyRules: unknown })), [
    'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "Sleep": supported values: "Restart", "RestartAllContainers"',
  ]);
  const status = (state: object): Pod =>
    ({
      ...structuredClone(spec),
      status: { containerStatuses: [{ name: "c", ready: false, restartCount: 0, image: "", imageID: "", state }] },
    }) as Pod;
  const errors = podStrategy.status?.validateUpdate?.(
    status({ running: {} }),
    status({ terminated: { exitCode: 0 } }),
    context,
  );
  assert.deepEqual(shown(errors), []);
});

test("resize changes cpu and memory only", () => {
  const sized = (cpu: string, more: Partial<Container> = {}) =>
    withContainer({ resources: { requests: { cpu }, limits: { cpu: "4" } }, ...more });
  const { resize } = podStrategy.subresources ?? {};
  const run = (object: Pod, old: Pod) => {
    resize?.prepareForUpdate?.(object, old, context);
    return shown(resize?.validateUpdate?.(object, old, context));
  };
  assert.deepEqual(run(sized("2", { image: "ignored" }), sized("1")), []);
  assert.deepEqual(
    run(pod(), sized("1")).slice(0, 3),
    [
      'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing',
      "spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed",
      "spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed",
    ].slice(0, 3),
  );
  const init = (cpu: string, more: Partial<Container> = {}) =>
    pod({ initContainers: [{ ...container, name: "i", resources: { requests: { cpu } }, ...more }] as never });
  assert.deepEqual(run(init("2"), init("1")), []);
  assert.deepEqual(run(init("2", { resources: { requests: { cpu: "2", "ephemeral-storage": "1Gi" } } }), init("1")), [
    "spec.initContainers[0]: Forbidden: only cpu and memory resources for init or sidecar containers are mutable",
  ]);
  assert.deepEqual(run(pod(), init("1")), [
    'spec: Invalid value: "": Pod QOS Class may not change as a result of resizing',
    "spec.initContainers: Forbidden: initContainers may not be added or removed on resize",
  ]);
  const two = (first: string, second: string) =>
    pod({
      containers: [
        { ...container, name: first },
        { ...container, name: second },
      ] as never,
    });
  assert.deepEqual(run(two("a", "b"), two("b", "a")), [
    "spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize",
    "spec.containers[1].name: Forbidden: containers may not be renamed or reordered on resize",
  ]);
  const restarting = { resizePolicy: [{ resourceName: "cpu", restartPolicy: "RestartContainer" }] };
  assert.deepEqual(run(init("2", restarting), init("1", restarting)), [
    "spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized",
  ]);
});

test("resize changes cpu and memory of the pod as a whole", () => {
  const whole = (requests?: Readonly<Record<string, string>>) =>
    pod(requests === undefined ? {} : { resources: { requests } });
  const { resize } = podStrategy.subresources ?? {};
  const run = (object: Pod, old: Pod) => {
    resize?.prepareForUpdate?.(object, old, context);
    return shown(resize?.validateUpdate?.(object, old, context));
  };
  const bigger = whole({ cpu: "2", memory: "1Gi" });
  assert.deepEqual(run(bigger, whole({ cpu: "1", memory: "1Gi" })), []);
  const claiming = { ...whole({ cpu: "2" }).spec, resources: { requests: { cpu: "2" }, claims: [{ name: "x" }] } };
  const refused = run({ ...pod(), spec: claiming }, whole({ cpu: "1" }));
  assert.ok(refused.includes("spec: Forbidden: only cpu and memory resources are mutable at pod-level"));
  assert.deepEqual(bigger.spec.resources, { requests: { cpu: "2", memory: "1Gi" } });
  assert.deepEqual(run(whole({ cpu: "2" }), whole({ cpu: "1", memory: "1Gi" })), [
    "spec.resources.requests: Forbidden: pod-level resource requests cannot be removed",
  ]);
  assert.ok(
    run(whole(), whole({ cpu: "1" })).includes("spec.resources: Forbidden: pod-level resources cannot be removed"),
  );
  assert.deepEqual(run(whole({ cpu: "1", "hugepages-2Mi": "4Mi" }), whole({ cpu: "1" })).slice(-1), [
    "spec: Forbidden: only cpu and memory resources are mutable at pod-level",
  ]);
  const claimed = whole({ cpu: "1" });
  claimed.status = { nodeAllocatableResourceClaimStatuses: [{}] as never };
  assert.deepEqual(run(whole({ cpu: "2" }), claimed), [
    "spec: Forbidden: pods with node allocatable resource claims cannot be resized",
  ]);
});

test("ephemeral containers may be added, not changed", () => {
  const { ephemeralcontainers } = podStrategy.subresources ?? {};
  const debug = { ...container, name: "d" };
  const old = pod({ ephemeralContainers: [debug] as never });
  const run = (object: Pod) => {
    ephemeralcontainers?.prepareForUpdate?.(object, old, context);
    return shown(ephemeralcontainers?.validateUpdate?.(object, old, context));
  };
  assert.deepEqual(run(pod({ ephemeralContainers: [debug, { ...debug, name: "e" }] as never })), []);
  assert.deepEqual(run(pod({})), [
    'spec.ephemeralContainers: Forbidden: existing ephemeral containers "d" may not be removed\n',
  ]);
});

test("create starts pending, with a quality of service", () => {
  const object = withContainer({ resources: { requests: { cpu: "1" } } });
  podStrategy.prepareForCreate?.(object, context);
  assert.deepEqual(object.status, { phase: "Pending", qosClass: "Burstable" });
  assert.equal(object.metadata.generation, 1);
});

test("grace on deletion", () => {
  const grace = (object: Pod, requested?: number) => podStrategy.gracePeriodSeconds?.(object, requested);
  assert.equal(grace(pod({ nodeName: "n" })), 30);
  assert.equal(grace(pod({ nodeName: "n" }), 5), 5);
  assert.equal(grace(pod(), 5), 0);
  assert.equal(grace(pod({ nodeName: "n" }), -3), 1);
});

test("the table shows what kubectl shows", () => {
  const now = Date.UTC(2026, 0, 2);
  const object: Pod = {
    ...pod({ nodeName: "node-1" }),
    status: {
      phase: "Running",
      podIPs: [{ ip: "10.0.0.1" }],
      containerStatuses: [
        {
          name: "c",
          ready: true,
          restartCount: 3,
          image: "",
          imageID: "",
          state: { running: {} },
          lastState: { terminated: { exitCode: 1, finishedAt: "2026-01-01T23:59:00Z" } },
        },
      ],
    },
  };
  object.metadata.creationTimestamp = "2026-01-01T00:00:00Z";
  const row = podStrategy.table?.row(object, now);
  assert.deepEqual(row, ["p", "1/1", "Running", "3 (60s ago)", "24h", "10.0.0.1", "node-1", "<none>", "<none>"]);
  const waiting = structuredClone(object);
  const [status] = waiting.status?.containerStatuses ?? [];
  if (status !== undefined) Object.assign(status, { ready: false, state: { waiting: { reason: "CrashLoopBackOff" } } });
  assert.deepEqual(podStrategy.table?.row(waiting, now).slice(1, 3), ["0/1", "CrashLoopBackOff"]);
});

test("AppArmor that a new pod has in its annotations goes into its fields", () => {
  const key = "container.apparmor.security.beta.kubernetes.io/c";
  const warnings: string[] = [];
  const creation = { request: { warn: (text: string) => warnings.push(text) } } as unknown as WriteContext;
  const create = (given: Pod) => {
    const object = structuredClone(given);
    podStrategy.prepareForCreate?.(object, creation);
    return [object.metadata.annotations?.[key], object.spec.containers[0]?.securityContext?.appArmorProfile];
  };
  const local = { type: "Localhost", localhostProfile: "x" } as const;
  assert.deepEqual(create(withContainer({ securityContext: { appArmorProfile: local } })), [undefined, local]);
  assert.deepEqual(create(pod({ securityContext: { appArmorProfile: local } })), [undefined, undefined]);
  assert.deepEqual(create(pod({ securityContext: { appArmorProfile: local } }, { [key]: "localhost/x" })), [
    "localhost/x",
    undefined,
  ]);
  assert.deepEqual(warnings, []);
  assert.deepEqual(create(pod({}, { [key]: "unconfined" })), ["unconfined", { type: "Unconfined" }]);
  assert.deepEqual(warnings, [
    `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`,
  ]);
  assert.deepEqual(create(pod({ os: { name: "windows" } }, { [key]: "unconfined" })), ["unconfined", undefined]);
});

test("a pod's name that is no hostname is warned about", () => {
  const named = { ...pod(), metadata: { ...pod().metadata, name: "a.b" } };
  assert.deepEqual(podStrategy.warningsOnCreate?.(named), [
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
  ]);
});

test("likely mistakes are warned about", () => {
  const object = withContainer({
    env: [
      { name: "A", value: "1" },
      { name: "A", value: "2" },
    ],
    ports: [
      { containerPort: 80, protocol: "TCP" },
      { containerPort: 80, protocol: "TCP" },
    ],
    resources: { limits: { memory: "100m" } },
  });
  assert.deepEqual(podStrategy.warningsOnCreate?.(object), [
    'spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer',
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    "spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]",
  ]);
});

test("status: users, health of what containers got, and the claim for extended resources", () => {
  const container = { name: "c", ready: true, restartCount: 0, image: "", imageID: "" };
  const change = (object: Pod, status: object) =>
    shown(podStrategy.status?.validateUpdate?.({ ...object, status } as Pod, object, context));
  const object = withContainer({
    resources: { requests: { "example.com/gpu": "1" }, claims: [{ name: "x", request: "r" }] },
  });
  assert.deepEqual(
    change(object, {
      containerStatuses: [
        {
          ...container,
          user: { linux: { uid: -1, gid: 0, supplementalGroups: [1, -2] } },
          allocatedResourcesStatus: [
            {
              name: "claim:x",
              resources: [
                { resourceID: "a", health: "Fine" },
                { resourceID: "a", health: "Healthy" },
              ],
            },
            { name: "claim:x/r" },
            { name: "example.com/gpu" },
            { name: "cpu" },
          ],
        },
      ],
      ephemeralContainerStatuses: [{ ...container, name: "e", allocatedResourcesStatus: [{ name: "cpu" }] }],
    }),
    [
      "status.containerStatuses[0].user.linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive",
      "status.containerStatuses[0].user.linux.supplementalGroups[1]: Invalid value: -2: must be between 0 and 2147483647, inclusive",
      "status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: \"claim:x\": must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty",
      'status.containerStatuses[0].allocatedResourcesStatus[0].resources[0].health: Unsupported value: "Fine": supported values: "Healthy", "Unhealthy", "Unknown"',
      'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].resourceID: Duplicate value: "a"',
      'status.containerStatuses[0].allocatedResourcesStatus[3].name: Invalid value: "cpu": must match one of the container\'s resource requests',
      "status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status",
    ],
  );
  const path = "status.extendedResourceClaimStatus";
  const mapping = { containerName: "c", resourceName: "example.com/gpu", requestName: "r" };
  const claim = (requestMappings: object[], resourceClaimName = "claim") =>
    change(object, { extendedResourceClaimStatus: { requestMappings, resourceClaimName } });
  assert.deepEqual(claim([mapping]), []);
  assert.deepEqual(claim([], ""), [
    `${path}.requestMappings: Required value: at least one request mapping is required`,
    `${path}.resourceClaimName: Required value`,
  ]);
  assert.deepEqual(claim([mapping, mapping, { ...mapping, resourceName: "cpu" }, { ...mapping, containerName: "z" }]), [
    `${path}.requestMappings[1].containerName: Duplicate value: "c"`,
    `${path}.requestMappings[1].resourceName: Duplicate value: "example.com/gpu"`,
    `${path}.requestMappings[1].requestName: Duplicate value: "r"`,
    `${path}.requestMappings[2].resourceName: Invalid value: "cpu": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests`,
    `${path}.requestMappings[3].containerName: Invalid value: "z": must match the name of an entry in spec.initContainers.name or spec.containers.name`,
  ]);
});

test("status: addresses are one of each family", () => {
  const old = pod();
  const status = { podIP: "1.2.3.4", podIPs: [{ ip: "1.2.3.4" }, { ip: "x" }] };
  assert.deepEqual(shown(podStrategy.status?.validateUpdate?.({ ...old, status }, old, context)).slice(1), [
    "status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[1]: x",
    'status.podIPs: Invalid value: [{"ip":"1.2.3.4"},{"ip":"x"}]: may specify no more than one IP for each IP family',
  ]);
});

test("status: what an old writer does not know of stays, and claims are named by name", () => {
  const condition = (observedGeneration?: number) => ({
    type: "Ready",
    status: "True" as const,
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  });
  const old: Pod = { ...pod(), status: { observedGeneration: 2, conditions: [condition(1), condition(2)] } };
  const now: Pod = { ...pod(), status: { conditions: [condition(), condition(), condition()] } };
  podStrategy.status?.prepareForUpdate?.(now, old, context);
  assert.equal(now.status?.observedGeneration, 2);
  assert.deepEqual(now.status?.conditions, [condition(1), condition(2), condition()]);
  const claimed = pod({ resourceClaims: [{ name: "r", resourceClaimName: "x" }] });
  const status = { hostIPs: [{ ip: "" }], resourceClaimStatuses: [{ name: "r", resourceClaimName: "" }] };
  const [claim = "", address = ""] = shown(
    podStrategy.status?.validateUpdate?.({ ...claimed, status }, claimed, context),
  );
  assert.match(claim, /^status\.resourceClaimStatuses\[0\]\.resourceClaimName: Invalid value: ""/);
  assert.match(address, /^status\.hostIPs\[0\]: Invalid value: "": must be a valid IP address/);
});
