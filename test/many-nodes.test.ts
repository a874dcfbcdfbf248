import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createRealPlatform } from "../src/base/index.ts";
import { eventually, remainsOf, TestCluster } from "./cluster/harness.ts";

const cluster = new TestCluster("many");
const image = "k8ts.local/busybox:1";
const serve = "mkdir /w; hostname > /w/index.html; trap exit TERM; httpd -f -p 8080 -h /w & wait";

describe("a cluster of three nodes on one machine", () => {
  before(async () => {
    await cluster.up("--nodes", "3");
  });
  after(() => cluster.destroy());

  it("has three Ready nodes, each with its own address and pod range", async () => {
    const read = async (path: string) => (await cluster.read("nodes", `{.items[*]${path}}`)).split(" ");
    assert.equal((await cluster.kubectl("get", "nodes")).match(/\bReady\b/g)?.length, 3);
    assert.equal(new Set(await read(".status.addresses[0].address")).size, 3);
    assert.equal(new Set(await read(".spec.podCIDR")).size, 3);
  });

  it("spreads pods, which reach each other across nodes by a Service", async () => {
    await cluster.kubectl("create", "deployment", "web", `--image=${image}`, "--replicas=6", "--", "sh", "-c", serve);
    await cluster.kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080");
    await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=180s");
    const nodes = await cluster.read("pods", "{.items[*].spec.nodeName}", "-l", "app=web");
    assert.equal(new Set(nodes.split(" ")).size, 3);
    await cluster.kubectl("run", "asker", `--image=${image}`, "--", "sh", "-c", "trap exit TERM; sleep 1000 & wait");
    await cluster.kubectl("wait", "--for=condition=Ready", "pod/asker", "--timeout=180s");
    const names = new Set<string>();
    const ask = ["exec", "asker", "--", "sh", "-c", "printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc web 80 | tail -1"];
    await eventually(
      async () => names.add((await cluster.tryKubectl(ask)).stdout.trim()).size,
      (seen) => seen >= 4,
    );
  });

  it("reaches webhooks behind Services from outside of the nodes, and sends nothing for Services off the machine", async () => {
    await cluster.apply(hook);
    const create = ["create", "serviceaccount", "asked", "--dry-run=server"];
    const refused = async () => (await cluster.tryKubectl(create)).stderr;
    const notTls = /failed calling webhook "hook\.example\.com": .*first record does not look like a TLS handshake/;
    await eventually(refused, (said) => notTls.test(said));
    const address = await cluster.read("service/web", "{.spec.clusterIP}");
    const { stderr } = await createRealPlatform().processes.run("ip", ["route", "get", address]);
    assert.match(stderr, /No route to host/);
    await cluster.kubectl("delete", "validatingwebhookconfiguration", "hook");
  });

  it("drains a node, and brings it back", async () => {
    await cluster.kubectl("drain", "node-2", "--ignore-daemonsets", "--force", "--timeout=180s");
    await cluster.kubectl("rollout", "status", "deployment/web", "--timeout=180s");
    const nodes = await cluster.read("pods", "{.items[*].spec.nodeName}", "-l", "app=web");
    assert.ok(!nodes.split(" ").includes("node-2"), nodes);
    await cluster.kubectl("uncordon", "node-2");
  });

  it("runs a daemon set on every node", async () => {
    await cluster.apply(daemons);
    await cluster.kubectl("rollout", "status", "daemonset/agent", "--timeout=180s");
    assert.equal(await cluster.read("daemonset/agent", "{.status.numberReady}"), "3");
  });

  it("goes down without a trace", async () => {
    await cluster.down();
    await eventually(
      () => remainsOf(cluster),
      (left) => left === "",
    );
  });
});

/** The pods behind it speak plain HTTP, which says that they were reached. */
const hook = `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: hook }
webhooks:
  - name: hook.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: { service: { namespace: default, name: web, path: /, port: 80 } }
    rules: [{ apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [serviceaccounts] }]
`;

const daemons = `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{ name: c, image: "${image}", command: [sleep, "1000"] }]
`;
