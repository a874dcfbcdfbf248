import type { RuntimeContainer, RuntimePod, RuntimeSandbox } from "../runtime/view.ts";
import { containerHash } from "../runtime/container-hash.ts";
import type { Container, Pod } from "../types.ts";

/** Makers of what the tests of this room work on. */
export function testPod(spec: Partial<NonNullable<Pod["spec"]>> = {}, metadata: Partial<Pod["metadata"]> = {}): Pod {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", namespace: "default", uid: "uid-1", ...metadata },
    spec: {
      nodeName: "n1",
      restartPolicy: "Always",
      terminationGracePeriodSeconds: 30,
      ...spec,
      containers: spec.containers ?? [testContainer("main")],
    },
  };
}

export function testContainer(name: string, more: Partial<Container> = {}): Container {
  return { name, image: `${name}:1`, imagePullPolicy: "IfNotPresent", ...more };
}

export function testSandbox(more: Partial<RuntimeSandbox> = {}): RuntimeSandbox {
  return { id: "s0", attempt: 0, ready: true, createdAtMs: 0, hostNetwork: false, ips: ["10.0.0.5"], ...more };
}

export function testStatus(name: string, more: Partial<RuntimeContainer> = {}): RuntimeContainer {
  return {
    id: `${name}-0`,
    name,
    sandboxId: "s0",
    state: "running",
    restartCount: 0,
    hash: containerHash(testContainer(name)),
    image: `${name}:1`,
    imageRef: `sha256:${name}`,
    imageId: `sha256:${name}`,
    createdAtMs: 1_000,
    startedAtMs: 1_000,
    finishedAtMs: more.state === "exited" ? 2_000 : undefined,
    exitCode: 0,
    reason: more.state === "exited" ? (more.exitCode ? "Error" : "Completed") : "",
    message: "",
    logPath: "",
    user: undefined,
    ...more,
  };
}

export function testView(
  containers: readonly RuntimeContainer[],
  sandboxes: readonly RuntimeSandbox[] = [testSandbox()],
): RuntimePod {
  return { uid: "uid-1", name: "web", namespace: "default", sandboxes, containers };
}
