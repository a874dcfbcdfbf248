import assert from "node:assert/strict";
import { test } from "node:test";
import type { Namespace, Pod } from "../../../api/index.ts";
import { type KubeObject, StatusError } from "../../../apimachinery/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { defaultSettings, type PodSecuritySettings } from "../pod-security/policy.ts";
import { podSecurity } from "./pod-security.ts";

const label = (mode: string) => `pod-security.kubernetes.io/${mode}`;

interface Outcome {
  readonly message: string | undefined;
  readonly code: number | undefined;
  readonly warnings: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** What comes of a request in the namespace `ns`, which has these labels. */
async function ask(
  labels: Record<string, string>,
  request: Partial<AdmissionAttributes>,
  settings?: PodSecuritySettings,
  pods: readonly Pod[] = [],
): Promise<Outcome> {
  const namespace = { metadata: { name: "ns", labels } } as Namespace;
  const objects = { get: () => namespace, list: () => pods } as unknown as ClusterObjects;
  const plugin: AdmissionPlugin = podSecurity(objects, settings);
  const warnings: string[] = [];
  const annotations: Record<string, string> = {};
  const context = {
    user: { name: "alice", groups: [] },
    warn: (text: string) => void warnings.push(text),
    annotate: (key: string, value: string) =>
      void (annotations[key.replace("pod-security.kubernetes.io/", "")] = value),
  };
  const attributes = {
    ...{ operation: "CREATE", subresource: "", namespace: "ns", name: "p", oldObject: undefined, dryRun: false },
    resource: { group: "", version: "v1", resource: "pods" },
    ...request,
    context,
  } as unknown as AdmissionAttributes;
  assert.ok(plugin.handles(attributes.operation, attributes.resource, attributes.subresource));
  try {
    await plugin.validate?.(attributes);
    return { message: undefined, code: undefined, warnings, annotations };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { message: error.message, code: error.code, warnings, annotations };
  }
}

const pod = (spec: object = {}, name = "p"): Pod =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name },
    spec: { containers: [{ name: "a", image: "a" }], ...spec },
  }) as unknown as Pod;
const hostPid = pod({ hostPID: true });

test("enforce, audit and warn each have a level of their own", async () => {
  const labels = { [label("enforce")]: "privileged", [label("audit")]: "baseline", [label("warn")]: "restricted" };
  const { message, warnings, annotations } = await ask(labels, { object: hostPid });
  assert.equal(message, undefined);
  assert.equal(annotations["enforce-policy"], "privileged:latest");
  assert.equal(
    annotations["audit-violations"],
    'would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)',
  );
  assert.match(
    warnings[0] ?? "",
    /^would violate PodSecurity "restricted:latest": host namespaces \(hostPID=true\), allowPrivilegeEscalation != false \(/,
  );
});

test("what is refused is not warned of, but noted", async () => {
  const labels = { [label("enforce")]: "baseline", [label("audit")]: "baseline", [label("warn")]: "restricted" };
  const { message, code, warnings, annotations } = await ask(labels, { object: hostPid });
  assert.deepEqual([code, warnings], [403, []]);
  assert.equal(
    message,
    'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostPID=true)',
  );
  assert.ok("audit-violations" in annotations);
});

test("controllers are only warned and noted", async () => {
  const labels = { [label("enforce")]: "restricted", [label("warn")]: "baseline" };
  const object = { metadata: { name: "d" }, spec: { template: { spec: hostPid.spec } } } as unknown as KubeObject;
  const { message, warnings } = await ask(labels, {
    object,
    resource: { group: "apps", version: "v1", resource: "deployments" },
  });
  assert.equal(message, undefined);
  assert.deepEqual(warnings, ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']);
});

test("a version of the standards has that version's rules", async () => {
  const sysctl = (name: string) => pod({ securityContext: { sysctls: [{ name, value: "1" }] } });
  const at = (version: string) => ({ [label("enforce")]: "baseline", [label("enforce-version")]: version });
  const refusal = async (version: string, object: Pod) => (await ask(at(version), { object })).message;
  const reserved = sysctl("net.ipv4.ip_local_reserved_ports");
  assert.match((await refusal("v1.26", reserved)) ?? "", /violates PodSecurity "baseline:v1\.26": forbidden sysctls/);
  assert.equal(await refusal("v1.27", reserved), undefined);
  const probe = pod({ containers: [{ name: "a", livenessProbe: { httpGet: { host: "example.com", port: 80 } } }] });
  assert.equal(await refusal("v1.33", probe), undefined);
  assert.match((await refusal("v1.34", probe)) ?? "", /probe or lifecycle host/);
  assert.match((await refusal("latest", probe)) ?? "", /probe or lifecycle host/);
  const strict = { [label("enforce")]: "restricted", [label("enforce-version")]: "v1.7" };
  const { message = "" } = await ask(strict, { object: pod() });
  assert.equal(
    message,
    'pods "p" is forbidden: violates PodSecurity "restricted:v1.7": runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true)',
  );
});

test("labels that mean nothing are enforced at their strictest, and said to be wrong", async () => {
  const labels = { [label("enforce")]: "strict", [label("warn")]: "loud" };
  const { message, warnings, annotations } = await ask(labels, { object: hostPid });
  assert.match(message ?? "", /violates PodSecurity "restricted:latest"/);
  assert.deepEqual(warnings, []);
  assert.match(
    annotations["error"] ?? "",
    /^Failed to parse policy: \[metadata\.labels\[pod-security\.kubernetes\.io\/enforce\]: Invalid value: "strict": must be one of privileged, baseline, restricted, /,
  );
  const namespace = { resource: { group: "", version: "v1", resource: "namespaces" }, name: "ns" };
  const object = { metadata: { name: "ns", labels } } as KubeObject;
  const created = await ask({}, { ...namespace, object });
  assert.equal(created.code, 422);
  assert.match(
    created.message ?? "",
    /^Namespace "ns" is invalid: \[metadata\.labels\[pod-security\.kubernetes\.io\/enforce\]: Invalid value: "strict"/,
  );
  // What was wrong before may stay.
  const updated = await ask({}, { ...namespace, operation: "UPDATE", object, oldObject: object });
  assert.equal(updated.code, undefined);
});

test("updates are judged only where they touch what the standards look at", async () => {
  const labels = { [label("enforce")]: "baseline" };
  const update = (object: Pod, more: object = {}) =>
    ask(labels, { operation: "UPDATE", object, oldObject: hostPid, ...more });
  assert.equal((await update({ ...hostPid, metadata: { name: "p", labels: { a: "b" } } })).code, undefined);
  const image = pod({ hostPID: true, containers: [{ name: "a", image: "b" }] });
  assert.equal((await update(image)).code, 403);
  const ephemeral = pod({ hostPID: true, ephemeralContainers: [{ name: "d", image: "a" }] });
  assert.equal((await update(ephemeral, { subresource: "ephemeralcontainers" })).code, 403);
});

test("exemptions, by configuration, and defaults for namespaces without labels", async () => {
  const none = new Set<string>();
  const of = (exemptions: object): PodSecuritySettings => ({
    defaults: { ...defaultSettings.defaults, enforce: { level: "baseline", version: "latest" } },
    exemptions: { usernames: none, runtimeClasses: none, namespaces: none, ...exemptions },
  });
  assert.equal((await ask({}, { object: hostPid }, of({}))).code, 403);
  const cases = [
    [{ usernames: new Set(["alice"]) }, "user", hostPid],
    [{ namespaces: new Set(["ns"]) }, "namespace", hostPid],
    [{ runtimeClasses: new Set(["gvisor"]) }, "runtimeClass", pod({ hostPID: true, runtimeClassName: "gvisor" })],
  ] as const;
  for (const [exemptions, why, object] of cases) {
    const { code, annotations } = await ask({}, { object }, of(exemptions));
    assert.deepEqual([code, annotations["exempt"]], [undefined, why]);
  }
});

test("a stricter label says which pods it would not have let in", async () => {
  const request = (labels: object, old: object) => ({
    ...{ operation: "UPDATE" as const, resource: { group: "", version: "v1", resource: "namespaces" }, name: "ns" },
    object: { metadata: { name: "ns", labels } } as KubeObject,
    oldObject: { metadata: { name: "ns", labels: old } } as KubeObject,
  });
  const pods = [pod({ hostPID: true }, "b"), pod({ hostPID: true }, "a"), pod({}, "fine"), pod({ hostIPC: true }, "c")];
  const { warnings } = await ask({}, request({ [label("enforce")]: "baseline" }, {}), undefined, pods);
  assert.deepEqual(warnings, [
    'existing pods in namespace "ns" violate the new PodSecurity enforce level "baseline:latest"',
    "a (and 2 other pods): host namespaces",
  ]);
  const relaxed = await ask(
    {},
    request({ [label("enforce")]: "baseline" }, { [label("enforce")]: "restricted" }),
    undefined,
    pods,
  );
  assert.deepEqual(relaxed.warnings, []);
});
