import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk, VirtualClock } from "../../base/index.ts";
import { fileTokenCredentials, tlsMaterialOf } from "./credentials.ts";
import { inClusterConfig, NotInClusterError } from "./in-cluster.ts";
import { resolveKubeconfig } from "./kubeconfig.ts";
import { loadKubeconfig } from "./load.ts";

const file = `
apiVersion: v1
kind: Config
current-context: main
clusters: [{ name: c, cluster: { server: "https://10.0.0.1:6443", certificate-authority: pki/ca.crt } }]
users: [{ name: u, user: { client-certificate-data: Q0VSVA==, client-key: /abs/key } }]
contexts: [{ name: main, context: { cluster: c, user: u, namespace: shop } }, { name: broken, context: { cluster: gone, user: u } }]
`;

async function disk(files: Readonly<Record<string, string>>): Promise<MemoryDisk> {
  const made = new MemoryDisk(new VirtualClock());
  for (const [path, text] of Object.entries(files)) {
    await made.makeDirectory(path.slice(0, path.lastIndexOf("/")));
    await made.write(path, text);
  }
  return made;
}

test("a kubeconfig: contexts, relative paths, embedded data, several files", async () => {
  const files = await disk({
    "/config/a": file,
    "/config/b": "users: [{ name: u, user: { token: t } }, { name: v, user: { token: w } }]",
    "/config/pki/ca.crt": "CA",
    "/abs/key": "KEY",
  });
  const config = await loadKubeconfig(files, ["/config/a", "/config/missing", "/config/b"]);
  const { cluster, user, namespace } = resolveKubeconfig(config);
  assert.equal(namespace, "shop");
  const tls = await tlsMaterialOf(files, cluster, user);
  assert.deepEqual([tls.ca, tls.certificate, tls.key], ["CA", "CERT", "KEY"]);
  assert.equal(resolveKubeconfig(config, { user: "v" }).user.token, "w");
  assert.throws(() => resolveKubeconfig(config, { context: "none" }), /context "none" does not exist/);
  assert.throws(() => resolveKubeconfig(config, { context: "broken" }), /cluster "gone" does not exist/);
});

test("a token file is read again after a minute, and at once when it was refused", async () => {
  const clock = new VirtualClock();
  const files = await disk({ "/t/token": "one" });
  const credentials = fileTokenCredentials(files, clock, "/t/token");
  assert.equal(await credentials.authorization(), "Bearer one");
  await files.write("/t/token", "two");
  assert.equal(await credentials.authorization(), "Bearer one");
  assert.equal(await credentials.refresh(), true);
  assert.equal(await credentials.authorization(), "Bearer two");
  await files.write("/t/token", "three");
  await clock.advance(61_000);
  assert.equal(await credentials.authorization(), "Bearer three");
});

test("in a pod: environment and mounted account; elsewhere a plain refusal", async () => {
  const files = await disk({ "/var/run/secrets/kubernetes.io/serviceaccount/namespace": "shop\n" });
  const { cluster, namespace } = await inClusterConfig(files, {
    KUBERNETES_SERVICE_HOST: "fd00::1",
    KUBERNETES_SERVICE_PORT: "443",
  });
  assert.deepEqual([cluster.server, namespace], ["https://[fd00::1]:443", "shop"]);
  await assert.rejects(inClusterConfig(files, {}), NotInClusterError);
});
