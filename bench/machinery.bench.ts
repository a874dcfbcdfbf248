// What it costs to take a pod in: decode, default, validate, encode, and the same in protobuf. Prints µs and operations
// a second.
import { loadScheme, type Pod } from "../src/api/index.ts";
import { validatePod } from "../src/apiserver/registry/core/pods/validation.ts";

/** What the steps may cost, in µs. */
const targets: Readonly<Record<string, number>> = { "decode + default": 35, "decode + default + validate": 60 };
const rounds = 5;
const roundMs = 300;

/** About 2 KB, of the kind that a Deployment of a web server makes. */
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "web-6d4cf56db6-x7k2p",
    namespace: "shop",
    labels: { app: "web", "pod-template-hash": "6d4cf56db6", "app.kubernetes.io/part-of": "shop" },
    annotations: { "prometheus.io/scrape": "true", "prometheus.io/port": "9090" },
    ownerReferences: [
      {
        apiVersion: "apps/v1",
        kind: "ReplicaSet",
        name: "web-6d4cf56db6",
        uid: "0f9a1c1e-7d0c-4f5c-9d5b-0d7f9f1b8a11",
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: {
    serviceAccountName: "web",
    volumes: [
      { name: "config", configMap: { name: "web-config", items: [{ key: "nginx.conf", path: "nginx.conf" }] } },
      { name: "cache", emptyDir: { sizeLimit: "512Mi" } },
      { name: "token", projected: { sources: [{ serviceAccountToken: { path: "token", expirationSeconds: 3607 } }] } },
    ],
    containers: ["web", "sidecar"].map((name) => ({
      name,
      image: `registry.example.com/shop/${name}:1.4.2`,
      args: ["--listen=:8080", "--log-level=info"],
      ports: [{ name: "http", containerPort: 8080 }],
      env: [
        { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
        { name: "MODE", value: "production" },
      ],
      resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "256Mi" } },
      volumeMounts: [
        { name: "config", mountPath: "/etc/nginx", readOnly: true },
        { name: "cache", mountPath: "/var/cache/nginx" },
      ],
      livenessProbe: { httpGet: { path: "/healthz", port: 8080 }, initialDelaySeconds: 5 },
      readinessProbe: { httpGet: { path: "/ready", port: "http" } },
      securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    })),
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [
      { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
    ],
  },
};

const codec = loadScheme().codec<Pod>({ group: "", version: "v1", kind: "Pod" });
const text = JSON.stringify(pod);
const decode = (): Pod => codec.decode(text, { unknownFields: "report" }).object;
const decodeAndDefault = (): Pod => {
  const object = decode();
  codec.applyDefaults(object);
  return object;
};
const complete = decodeAndDefault();
const faults = validatePod(complete);
if (faults.length > 0) throw new Error(`the pod is not valid: ${JSON.stringify(faults)}`);
const bytes = codec.encodeProtobuf(complete);

/** Microseconds of processor time for each call, best of several rounds; other work on the machine hardly shows in it. */
function measure(step: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    let calls = 0;
    const start = process.cpuUsage();
    let usedUs = 0;
    while (usedUs < roundMs * 1000) {
      for (let batch = 0; batch < 100; batch++) step();
      calls += 100;
      const used = process.cpuUsage(start);
      usedUs = used.user + used.system;
    }
    best = Math.min(best, usedUs / calls);
  }
  return best;
}

const steps: readonly (readonly [name: string, step: () => unknown])[] = [
  ["JSON.parse alone", () => JSON.parse(text)],
  ["decode", decode],
  ["decode + default", decodeAndDefault],
  ["decode + default + validate", () => validatePod(decodeAndDefault())],
  ["encode", () => codec.encode(complete)],
  ["encode protobuf", () => codec.encodeProtobuf(complete)],
  ["decode protobuf", () => codec.decodeProtobuf(bytes)],
];

process.stdout.write(`pod of ${text.length} bytes of JSON, ${bytes.length} of protobuf\n`);
for (const [name, step] of steps) {
  const us = measure(step);
  const rate = Math.round(1e6 / us).toString();
  const target = targets[name] === undefined ? "" : `   target ${targets[name]} µs`;
  process.stdout.write(`${name.padEnd(28)} ${us.toFixed(1).padStart(8)} µs ${rate.padStart(9)} /s${target}\n`);
}
