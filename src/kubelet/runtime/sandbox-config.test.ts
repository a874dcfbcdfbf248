import assert from "node:assert/strict";
import { test } from "node:test";
import { testContainer, testPod } from "../testing/fixtures.ts";
import type { Pod } from "../types.ts";
import { containerConfig, volumeMount } from "./container-config.ts";
import { sandboxConfig } from "./sandbox-config.ts";
import { containerSecurity, verifyRunAsNonRoot } from "./security-context.ts";

const sandbox = (pod: Pod) =>
  sandboxConfig({
    pod,
    attempt: 1,
    hostname: { hostname: "web", domain: "" },
    dns: { servers: [], searches: [], options: [] },
    logDirectory: "/var/log/pods/x",
    cgroupParent: "/kubepods/poduid-1",
  });

test("a sandbox is named and labelled as upstream does, so that either kubelet finds it", () => {
  const { metadata, labels, hostname, linux } = sandbox(testPod({}, { labels: { app: "web" } }));
  assert.deepEqual(metadata, { name: "web", namespace: "default", uid: "uid-1", attempt: 1 });
  assert.deepEqual(labels, {
    app: "web",
    "io.kubernetes.pod.name": "web",
    "io.kubernetes.pod.namespace": "default",
    "io.kubernetes.pod.uid": "uid-1",
  });
  assert.equal(hostname, "web");
  assert.equal(linux?.cgroupParent, "/kubepods/poduid-1");
  assert.deepEqual(linux?.securityContext?.namespaceOptions, { network: "POD", ipc: "POD", pid: "CONTAINER" });
});

test("what a pod shares with the node", () => {
  const { hostname, portMappings, linux } = sandbox(
    testPod({
      hostNetwork: true,
      hostPID: true,
      hostIPC: true,
      containers: [
        testContainer("main", { ports: [{ containerPort: 80, hostPort: 80 }], securityContext: { privileged: true } }),
      ],
    }),
  );
  assert.equal(hostname, "", "a name cannot be set without a namespace of its own");
  assert.deepEqual(portMappings, []);
  assert.deepEqual(linux?.securityContext?.namespaceOptions, { network: "NODE", ipc: "NODE", pid: "NODE" });
  assert.equal(linux?.securityContext?.privileged, true);
});

test("host ports and sysctls", () => {
  const ports = [
    { containerPort: 53, hostPort: 5353, protocol: "UDP" as const, hostIP: "127.0.0.1" },
    { containerPort: 80 },
  ];
  const config = sandbox(
    testPod({
      securityContext: { sysctls: [{ name: "net/ipv4/ip_local_port_range", value: "1 2" }] },
      containers: [testContainer("main", { ports })],
    }),
  );
  assert.deepEqual(config.portMappings, [{ protocol: "UDP", containerPort: 53, hostPort: 5353, hostIp: "127.0.0.1" }]);
  assert.deepEqual(config.linux?.sysctls, { "net.ipv4.ip_local_port_range": "1 2" });
});

test("a container: expanded command, labels and annotations by which it is found again", () => {
  const container = testContainer("main", {
    command: ["$(CMD)"],
    args: ["$(A)", "$$(A)"],
    lifecycle: { preStop: { sleep: { seconds: 1 } } },
  });
  const config = containerConfig({
    pod: testPod({ containers: [container] }),
    container,
    restartCount: 2,
    imageRef: "sha256:1",
    image: "main:1",
    env: new Map([
      ["CMD", "run"],
      ["A", "b"],
    ]),
    mounts: [],
    devices: [],
    resources: {},
    security: {},
  });
  assert.deepEqual([config.command, config.args], [["run"], ["b", "$(A)"]]);
  assert.equal(config.logPath, "main/2.log");
  assert.equal(config.labels?.["io.kubernetes.container.name"], "main");
  assert.equal(config.annotations?.["io.kubernetes.container.restartCount"], "2");
  assert.equal(config.annotations?.["io.kubernetes.pod.terminationGracePeriod"], "30");
  assert.equal(config.annotations?.["io.kubernetes.container.preStopHandler"], '{"sleep":{"seconds":1}}');
});

test("the container's security context before the pod's before the image's", () => {
  const options = {
    imageUser: { uid: 7, username: "" },
    seccompRoot: "/seccomp",
    seccompDefault: false,
    supplementalGroups: [],
  };
  const of = (own: object, shared: object = {}) => {
    const container = testContainer("main", { securityContext: own });
    const found = containerSecurity(testPod({ securityContext: shared, containers: [container] }), container, options);
    return [found.runAsUser?.value, found.seccomp?.profileType, found.noNewPrivs, found.maskedPaths?.length === 0];
  };
  assert.deepEqual(of({}), [7, "Unconfined", false, false]);
  assert.deepEqual(
    of({ runAsUser: 5, allowPrivilegeEscalation: false }, { runAsUser: 6, seccompProfile: { type: "RuntimeDefault" } }),
    [5, "RuntimeDefault", true, false],
  );
  assert.deepEqual(
    of({ privileged: true, procMount: "Unmasked" }, { runAsUser: 6, seccompProfile: { type: "RuntimeDefault" } }),
    [6, "Unconfined", false, true],
  );
});

test("runAsNonRoot is kept or refused", () => {
  const check = (own: object, uid: number | undefined, username = "") => {
    const container = testContainer("main", { securityContext: { runAsNonRoot: true, ...own } });
    verifyRunAsNonRoot(testPod({ containers: [container] }), container, { uid, username });
  };
  check({ runAsUser: 5 }, 0);
  check({}, 5);
  assert.throws(
    () => check({}, 0),
    /container has runAsNonRoot and image will run as root \(pod: "web_default\(uid-1\)", container: main\)/,
  );
  assert.throws(() => check({}, undefined), /image will run as root/);
  assert.throws(() => check({}, undefined, "nobody"), /image has non-numeric user \(nobody\)/);
  assert.throws(() => check({ runAsUser: 0 }, 5), /runAsUser breaks non-root policy/);
});

test("mounts", () => {
  assert.deepEqual(
    volumeMount({ name: "v", mountPath: "/v", readOnly: true, mountPropagation: "HostToContainer" }, "/host", false),
    {
      containerPath: "/v",
      hostPath: "/host",
      readonly: true,
      propagation: "PROPAGATION_HOST_TO_CONTAINER",
      recursiveReadOnly: false,
    },
  );
  assert.equal(
    volumeMount({ name: "v", mountPath: "v" }, "/host", true).readonly,
    true,
    "the volume itself is read-only",
  );
});
