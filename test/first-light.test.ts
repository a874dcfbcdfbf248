import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRealPlatform } from "../src/base/index.ts";
import { eventually, remainsOf, TestCluster } from "./cluster/harness.ts";

const { clock, processes } = createRealPlatform();
const cluster = new TestCluster("light");
const image = "k8ts.local/busybox:1";
const serve = [
  "--",
  "sh",
  "-c",
  "mkdir /www; hostname > /www/index.html; trap exit TERM; httpd -f -p 8080 -h /www & wait",
];
const patient = ["--", "sh", "-c", "trap exit TERM; sleep 1000 & wait"];

const firstPod = async (): Promise<string> => cluster.read("pods", "{.items[0].metadata.name}", "-l", "app=web");
const runningWeb = async (): Promise<number> => {
  const phases = await cluster.read("pods", "{.items[*].status.containerStatuses[0].ready}", "-l", "app=web");
  return phases.split(" ").filter((ready) => ready === "true").length;
};

describe("a cluster of real containers, by upstream kubectl", () => {
  before(async () => {
    const printed = await cluster.up();
    assert.match(printed, /is ready after .* kubectl get nodes/s);
  });
  after(() => cluster.destroy());

  it("has a Ready node, and a second up changes nothing", async () => {
    assert.match(await cluster.kubectl("get", "nodes"), /\bReady\b.*v1\.36/);
    assert.match(await cluster.up(), /already up/);
  });

  it("runs a deployment and shows it", async () => {
    await cluster.kubectl("create", "deployment", "web", `--image=${image}`, "--replicas=3", ...serve);
    await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=180s");
    assert.match(await cluster.kubectl("get", "deployment", "web"), /3\/3\s+3\s+3/);
    assert.match(await cluster.kubectl("get", "pods", "-o", "wide"), /1\/1\s+Running\s+0\s+\S+\s+10\.\d+\.\d+\.\d+/);
    const described = await cluster.kubectl("describe", "pod", await firstPod());
    assert.match(described, /Normal\s+Scheduled.*Successfully assigned default\/web-/);
    assert.match(described, /Normal\s+Started/);
    assert.match(described, /QoS Class:\s+BestEffort/);
  });

  it("shows its containers in containerd", async () => {
    const node = await cluster.read("nodes", "{.items[0].metadata.name}");
    const socket = `${cluster.directory}/nodes/${node}/containerd/containerd.sock`;
    const { stdout, stderr } = await processes.run("ctr", [
      "--address",
      socket,
      "--namespace",
      "k8s.io",
      "containers",
      "list",
    ]);
    assert.equal(stdout.split("\n").filter((line) => line.includes(image)).length, 3, stderr);
  });

  it("answers exec, logs, cp and port-forward", async () => {
    const pod = await firstPod();
    for (const protocol of protocols) await execute(pod, protocol);
    await cluster.kubectl(
      "run",
      "talker",
      `--image=${image}`,
      "--",
      "sh",
      "-c",
      "for n in 1 2 3; do echo line $n; done; sleep 1000",
    );
    await cluster.kubectl("wait", "--for=condition=Ready", "pod/talker", "--timeout=180s");
    await eventually(
      () => cluster.kubectl("logs", "talker"),
      (text) => text === "line 1\nline 2\nline 3\n",
    );
    assert.equal(await cluster.kubectl("logs", "talker", "--tail=1"), "line 3\n");
    assert.match(
      await cluster.kubectl("logs", "talker", "--timestamps", "--tail=1"),
      /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d) line 3\n$/,
    );
    await cluster.kubectl("cp", `${cluster.directory}/kubeconfig`, "talker:/tmp/copied");
    assert.match(await cluster.kubectl("exec", "talker", "--", "cat", "/tmp/copied"), /kind: Config/);
    for (const protocol of protocols) await portForward(pod, protocol);
  });

  it("serves a Service by its address and by its DNS name", async () => {
    await cluster.kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080");
    const address = await cluster.read("service/web", "{.spec.clusterIP}");
    await eventually(
      () => curl(`http://${address}/`),
      (body) => body.startsWith("web-"),
    );
    const fetch = (host: string) =>
      cluster.kubectl("exec", "talker", "--", "sh", "-c", `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc ${host} 80`);
    await eventually(
      () => fetch(address),
      (text) => text.includes("web-"),
    );
    assert.match(
      await cluster.kubectl("exec", "talker", "--", "nslookup", "web.default.svc.cluster.local"),
      new RegExp(`Address: ${address.replaceAll(".", "\\.")}`),
    );
  });

  it("scales, rolls out a change, and rolls it back", async () => {
    await cluster.kubectl("scale", "deployment/web", "--replicas=2");
    await eventually(runningWeb, (count) => count === 2);
    await cluster.kubectl("set", "env", "deployment/web", "COLOR=blue");
    await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=180s");
    assert.match(await cluster.kubectl("rollout", "history", "deployment/web"), /1 .*\n2 /);
    assert.equal(await cluster.read("deployment/web", "{.spec.template.spec.containers[0].env[0].value}"), "blue");
    await cluster.kubectl("rollout", "undo", "deployment/web");
    await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=180s");
    assert.equal(await cluster.read("deployment/web", "{.spec.template.spec.containers[0].env}"), "");
  });

  it("applies a file of many kinds", async () => {
    const created = await cluster.apply(manyKinds);
    for (const name of [
      "namespace/shop",
      "configmap/settings",
      "secret/password",
      "deployment.apps/front",
      "service/front",
      "job.batch/once",
    ]) {
      assert.match(created, new RegExp(`${name} created`));
    }
    await cluster.kubectl("wait", "-n", "shop", "--for=condition=Complete", "job/once", "--timeout=180s");
    assert.equal(await cluster.kubectl("logs", "-n", "shop", "job/once"), "blue s3cret\n");
    await cluster.kubectl("rollout", "status", "-n", "shop", "deployment/front", "--timeout=180s");
    assert.match(await cluster.apply(manyKinds), /configmap\/settings unchanged/);
    await cluster.kubectl("delete", "namespace", "shop", "--timeout=180s");
    assert.match((await cluster.tryKubectl(["get", "namespace", "shop"])).stderr, /namespaces "shop" not found/);
  });

  it("says why a pod does not run", async () => {
    await cluster.kubectl("run", "wrong", "--image=127.0.0.1:1/nothing:1");
    await cluster.kubectl("run", "crash", `--image=${image}`, "--", "sh", "-c", "exit 7");
    await cluster.apply(tooLarge);
    const waiting = (pod: string) => cluster.read(`pod/${pod}`, "{.status.containerStatuses[0].state.waiting.reason}");
    await eventually(
      () => waiting("wrong"),
      (reason) => reason === "ErrImagePull" || reason === "ImagePullBackOff",
    );
    await eventually(
      () => waiting("wrong"),
      (reason) => reason === "ImagePullBackOff",
    );
    await eventually(
      () => waiting("crash"),
      (reason) => reason === "CrashLoopBackOff",
    );
    await eventually(
      () => cluster.read("pod/crash", "{.status.containerStatuses[0].restartCount}"),
      (count) => Number(count) >= 2,
    );
    assert.equal(await cluster.read("pod/crash", "{.status.containerStatuses[0].lastState.terminated.exitCode}"), "7");
    assert.equal(
      await cluster.read("pod/crash", "{.status.containerStatuses[0].lastState.terminated.reason}"),
      "Error",
    );
    assert.equal(await cluster.read("pod/large", "{.status.phase}"), "Pending");
    assert.match(
      await cluster.kubectl("describe", "pod", "large"),
      /FailedScheduling.*0\/1 nodes are available: 1 Insufficient cpu\./,
    );
    await cluster.kubectl("delete", "pod", "wrong", "crash", "large", "--grace-period=1");
  });

  it("survives the death of each of its processes, and no container notices", async () => {
    const started = () =>
      cluster.read("pods", "{.items[*].status.containerStatuses[0].state.running.startedAt}", "-l", "app=web");
    const before = await started();
    const node = await cluster.read("nodes", "{.items[0].metadata.name}");
    await cluster.kubectl("create", "configmap", "kept", "--from-literal=a=b");
    for (const victim of ["control-plane", `node-${node}`]) {
      await kill(`${cluster.directory}/run/${victim}.json`);
      await eventually(
        () => cluster.tryKubectl(["get", "--raw", "/readyz"]),
        ({ code }) => code === 0,
      );
    }
    await kill(`${cluster.directory}/nodes/${node}/containerd/containerd.pid`);
    const pod = await firstPod();
    await eventually(
      () => cluster.tryKubectl(["exec", pod, "--", "hostname"]),
      ({ stdout }) => stdout.trim() === pod,
    );
    assert.equal(await cluster.read("configmap/kept", "{.data.a}"), "b");
    assert.equal(await started(), before, "the containers are the same ones");
    await cluster.kubectl("create", "deployment", "later", `--image=${image}`, ...patient);
    await cluster.kubectl("rollout", "status", "deployment/later", "--timeout=180s");
  });

  it("deletes what it ran", async () => {
    await cluster.kubectl("delete", "deployment", "web", "later");
    await eventually(
      () => cluster.read("pods", "{.items[*].metadata.name}", "-l", "app in (web,later)"),
      (names) => names === "",
    );
  });

  it("goes down without a trace, and up again with what it had", async () => {
    await cluster.down();
    await eventually(
      () => remainsOf(cluster),
      (left) => left === "",
    );
    await cluster.up();
    assert.equal(await cluster.read("configmap/kept", "{.data.a}"), "b");
    await cluster.kubectl("wait", "--for=condition=Ready", "pod/talker", "--timeout=180s");
  });
});

async function curl(url: string): Promise<string> {
  return (await processes.run("curl", ["-s", "-m", "60", url])).stdout;
}

/** Both protocols that upstream's kubectl can be told to use. */
const protocols = [
  { webSocket: "true", name: /Sec-Websocket-Protocol: v5\.channel\.k8s\.io/ },
  { webSocket: "false", name: /X-Stream-Protocol-Version: v4\.channel\.k8s\.io/ },
] as const;
type Protocol = (typeof protocols)[number];

function environment({ webSocket }: Protocol): Readonly<Record<string, string | undefined>> {
  return {
    ...cluster.env,
    KUBECTL_REMOTE_COMMAND_WEBSOCKETS: webSocket,
    KUBECTL_PORT_FORWARD_WEBSOCKETS: webSocket,
  };
}

async function execute(pod: string, protocol: Protocol): Promise<void> {
  const kubectl = (args: readonly string[], stdin?: string) =>
    processes.run("kubectl", args, { env: environment(protocol), ...(stdin === undefined ? {} : { stdin }) });
  const named = await kubectl(["exec", "-v=7", pod, "--", "hostname"]);
  assert.equal(named.stdout.trim(), pod);
  assert.match(named.stderr, protocol.name);
  assert.doesNotMatch(named.stderr, /fallback/);
  const failing = await kubectl(["exec", pod, "--", "sh", "-c", "echo out; echo err >&2; exit 3"]);
  assert.deepEqual([failing.code, failing.stdout], [3, "out\n"]);
  assert.match(failing.stderr, /^err\n/);
  assert.equal((await kubectl(["exec", "-i", pod, "--", "cat"], "through stdin")).stdout, "through stdin");
}

async function portForward(pod: string, protocol: Protocol): Promise<void> {
  const forward = processes.spawn("kubectl", ["port-forward", pod, ":8080"], { env: environment(protocol) });
  try {
    const port = await new Promise<string>((resolve, reject) => {
      forward.stdout?.on("data", (chunk: Buffer) => {
        const match = /127\.0\.0\.1:(\d+) ->/.exec(chunk.toString());
        if (match?.[1] !== undefined) resolve(match[1]);
      });
      forward.exited.then(() => reject(new Error("port-forward ended")), reject);
    });
    for (let round = 0; round < 3; round++) assert.equal((await curl(`http://127.0.0.1:${port}/`)).trim(), pod);
  } finally {
    forward.kill("SIGTERM");
    await forward.exited;
  }
}

async function kill(record: string): Promise<void> {
  const { stdout } = await processes.run("cat", [record]);
  const { pid } = JSON.parse(stdout) as { pid: number };
  processes.kill(pid, "SIGKILL");
  while (processes.alive(pid)) await clock.sleep(20);
}

const tooLarge = `
apiVersion: v1
kind: Pod
metadata: { name: large }
spec:
  containers:
  - name: c
    image: ${image}
    resources: { requests: { cpu: "1000" } }
`;

const manyKinds = `
apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: shop }
data: { color: blue }
---
apiVersion: v1
kind: Secret
metadata: { name: password, namespace: shop }
stringData: { password: s3cret }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: front, namespace: shop }
spec:
  replicas: 2
  selector: { matchLabels: { app: front } }
  template:
    metadata: { labels: { app: front } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: c
        image: ${image}
        command: [sleep, "1000"]
        volumeMounts: [{ name: settings, mountPath: /settings }]
      volumes:
      - name: settings
        configMap: { name: settings }
---
apiVersion: v1
kind: Service
metadata: { name: front, namespace: shop }
spec:
  selector: { app: front }
  ports: [{ port: 80 }]
---
apiVersion: batch/v1
kind: Job
metadata: { name: once, namespace: shop }
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: c
        image: ${image}
        command: [sh, -c, 'echo $COLOR $(cat /secret/password)']
        env:
        - name: COLOR
          valueFrom: { configMapKeyRef: { name: settings, key: color } }
        volumeMounts: [{ name: password, mountPath: /secret }]
      volumes:
      - name: password
        secret: { secretName: password }
`;
