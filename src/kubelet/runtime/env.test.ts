import assert from "node:assert/strict";
import { test } from "node:test";
import { newNotFound } from "../../apimachinery/index.ts";
import { isNotFound } from "../../client/index.ts";
import { testContainer, testPod } from "../testing/fixtures.ts";
import type { ConfigMap, Container, Secret, Service } from "../types.ts";
import { environment } from "./env.ts";
import { expand } from "./expand.ts";

const facts = {
  podIps: ["10.0.0.5", "fd00::5"],
  hostIps: ["192.168.0.1"],
  nodeName: "n1",
  allocatable: { cpu: "2", memory: "1Gi" },
};
const configMaps: Record<string, ConfigMap> = { cm: { metadata: { name: "cm" }, data: { a: "1", b: "2" } } };
const secrets: Record<string, Secret> = { sec: { metadata: { name: "sec" }, data: { password: btoa("geheim") } } };

async function env(
  container: Partial<Container>,
  services: readonly Service[] = [],
  spec = {},
): Promise<Record<string, string>> {
  const pod = testPod(spec, { labels: { app: "web" }, annotations: { note: "x" } });
  const found = await environment({
    pod,
    container: testContainer("main", container),
    services,
    facts,
    isNotFound,
    objects: {
      configMap: async (_, name) =>
        configMaps[name] ?? Promise.reject(newNotFound({ group: "", resource: "configmap" }, name)),
      secret: async (_, name) => secrets[name] ?? Promise.reject(newNotFound({ group: "", resource: "secret" }, name)),
    },
  });
  return Object.fromEntries(found);
}

test("references expand by upstream's rules", () => {
  const lookup = (name: string): string | undefined => ({ A: "1", B: "$(A)" })[name];
  const cases: [string, string][] = [
    ["$(A)", "1"],
    ["x$(A)y$(A)", "x1y1"],
    ["$(B)", "$(A)"],
    ["$(MISSING)", "$(MISSING)"],
    ["$$(A)", "$(A)"],
    ["$$$(A)", "$1"],
    ["$$$$(A)", "$$(A)"],
    ["$A", "$A"],
    ["$(A", "$(A"],
    ["$", "$"],
    ["$$", "$"],
    ["a$)b", "a$)b"],
    ["$()", "$()"],
  ];
  for (const [text, expected] of cases) assert.equal(expand(text, lookup), expected, text);
});

test("values see what stands before them, not after", async () => {
  assert.deepEqual(
    await env({
      env: [
        { name: "B", value: "$(A)" },
        { name: "A", value: "1" },
        { name: "C", value: "$(A)$(B)" },
      ],
    }),
    { B: "$(A)", A: "1", C: "1$(A)" },
  );
});

test("fields of the pod and resources of its containers", async () => {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const resource = (name: string, what: string, divisor?: string) => ({
    name,
    valueFrom: { resourceFieldRef: { resource: what, divisor } },
  });
  assert.deepEqual(
    await env({
      resources: { limits: { cpu: "1500m", memory: "100Mi" } },
      env: [
        field("NAME", "metadata.name"),
        field("APP", "metadata.labels['app']"),
        field("NONE", "metadata.annotations['nope']"),
        field("IPS", "status.podIPs"),
        field("HOST", "status.hostIP"),
        field("NODE", "spec.nodeName"),
        resource("CPU", "limits.cpu"),
        resource("MILLI", "limits.cpu", "1m"),
        resource("MEM", "limits.memory", "1Mi"),
        resource("REQ", "requests.memory"),
        resource("DISK", "limits.ephemeral-storage"),
      ],
    }),
    {
      NAME: "web",
      APP: "web",
      NONE: "",
      IPS: "10.0.0.5,fd00::5",
      HOST: "192.168.0.1",
      NODE: "n1",
      CPU: "2",
      MILLI: "1500",
      MEM: "100",
      REQ: "0",
      DISK: "0",
    },
  );
});

test("config maps and secrets, whole and by key", async () => {
  assert.deepEqual(
    await env({
      envFrom: [
        { configMapRef: { name: "cm" }, prefix: "P_" },
        { secretRef: { name: "sec" } },
        { configMapRef: { name: "nope", optional: true } },
      ],
      env: [
        { name: "K", valueFrom: { configMapKeyRef: { name: "cm", key: "a" } } },
        { name: "S", valueFrom: { secretKeyRef: { name: "sec", key: "password" } } },
        { name: "O", valueFrom: { secretKeyRef: { name: "sec", key: "nope", optional: true } } },
        { name: "P_b", value: "mine" },
      ],
    }),
    { P_a: "1", P_b: "mine", password: "geheim", K: "1", S: "geheim" },
  );
});

test("what is missing is named in upstream's words", async () => {
  const key = (name: string, key: string) =>
    env({ env: [{ name: "K", valueFrom: { configMapKeyRef: { name, key } } }] });
  await assert.rejects(key("nope", "a"), /^StatusError: configmap "nope" not found$/);
  await assert.rejects(key("cm", "nope"), /couldn't find key nope in ConfigMap default\/cm/);
  await assert.rejects(
    env({ env: [{ name: "K", valueFrom: { fieldRef: { fieldPath: "spec.nope" } } }] }),
    /unsupported fieldPath: spec.nope/,
  );
});

test("services are announced, the pod's own variables win", async () => {
  const service = (name: string, namespace: string, clusterIP: string): Service => ({
    metadata: { name, namespace },
    spec: {
      clusterIP,
      ports: [
        { name: "http", port: 80, protocol: "TCP" },
        { name: "d-ns", port: 53, protocol: "UDP" },
      ],
    },
  });
  const services = [
    service("my-db", "default", "10.1.0.1"),
    service("kubernetes", "default", "10.1.0.2"),
    service("far", "other", "10.1.0.3"),
    service("headless", "default", "None"),
  ];
  const found = await env({ env: [{ name: "MY_DB_SERVICE_HOST", value: "x" }] }, services);
  assert.equal(found["MY_DB_SERVICE_HOST"], "x");
  assert.equal(found["MY_DB_SERVICE_PORT_D_NS"], "53");
  assert.equal(found["MY_DB_PORT"], "tcp://10.1.0.1:80");
  assert.equal(found["MY_DB_PORT_53_UDP"], "udp://10.1.0.1:53");
  assert.equal(found["MY_DB_PORT_53_UDP_ADDR"], "10.1.0.1");
  assert.equal(found["KUBERNETES_SERVICE_HOST"], "10.1.0.2");
  assert.ok(!Object.keys(found).some((name) => name.startsWith("FAR") || name.startsWith("HEADLESS")));
  const without = await env({}, services, { enableServiceLinks: false });
  assert.deepEqual(
    Object.keys(without).filter((name) => name.endsWith("_HOST")),
    ["KUBERNETES_SERVICE_HOST"],
  );
});
