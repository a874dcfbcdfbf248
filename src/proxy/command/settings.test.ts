import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualPlatform } from "../../base/index.ts";
import { proxyConfigz } from "./configz.ts";
import { readProxySettings } from "./settings.ts";

const { disk } = createVirtualPlatform();
const read = (...args: string[]) => readProxySettings(disk, args);

test("upstream's flags are understood", async () => {
  const settings = await read(
    "--kubeconfig=/etc/proxy.conf",
    "--hostname-override= Node-1",
    "--cluster-cidr=10.42.0.0/16",
    "--healthz-bind-address=",
    "--metrics-bind-address=[::1]:10249",
    "--iptables-min-sync-period=250ms",
    "--nodeport-addresses=primary",
    "--masquerade-all",
    "--conntrack-max-per-core=0",
  );
  assert.equal(settings.kubeconfig, "/etc/proxy.conf");
  assert.equal(settings.nodeName, "node-1");
  assert.equal(settings.healthz, undefined);
  assert.deepEqual(settings.metrics, { host: "::1", port: 10_249 });
  assert.equal(settings.minSyncPeriodMs, 250);
  assert.deepEqual(settings.config, {
    family: "IPv4",
    table: "kube-proxy",
    clusterCidr: "10.42.0.0/16",
    masqueradeAll: true,
    masqueradeBit: 14,
    nodePortAddresses: [],
    localhostNodePorts: true,
  });
});

test("a configuration file takes the place of the flags, but for the node's name", async () => {
  const lines = [
    "apiVersion: kubeproxy.config.k8s.io/v1alpha1",
    "kind: KubeProxyConfiguration",
    "mode: iptables",
    "hostnameOverride: other",
    "clientConnection: { kubeconfig: /var/lib/kube-proxy/kubeconfig.conf }",
    "detectLocalMode: InterfaceNamePrefix",
    "detectLocal: { interfaceNamePrefix: veth }",
    "nftables: { masqueradeBit: 15 }",
    "conntrack: { maxPerCore: 32768 }",
  ];
  await disk.write("/config.yaml", lines.join("\n"));
  const settings = await read("--config=/config.yaml", "--hostname-override=node-1");
  assert.equal(settings.nodeName, "node-1");
  assert.equal(settings.kubeconfig, "/var/lib/kube-proxy/kubeconfig.conf");
  assert.equal(settings.config.podInterface, "veth*");
  assert.equal(settings.config.masqueradeBit, 15);
  assert.deepEqual(settings.warnings, ["proxy mode iptables is not implemented, using nftables instead"]);
});

test("mistakes are named", async () => {
  await assert.rejects(read("--proxy-mode=userspace"), /mode: Unsupported value: "userspace"/);
  await assert.rejects(read("--healthz-bind-address=10256"), /healthzBindAddress: must be IP:port/);
  await assert.rejects(read("--detect-local-mode=BridgeInterface"), /detectLocal.bridgeInterface: Required value/);
  await assert.rejects(read("extra"), /takes no arguments/);
  await assert.rejects(read("--nonsense"), /unknown flag: --nonsense/);
});

test("feature gates that are fixed are refused", async () => {
  assert.equal(
    (await read("--feature-gates=ContainerStopSignals=true")).features.enabled("ContainerStopSignals"),
    true,
  );
  await assert.rejects(read("--feature-gates=NFTablesProxyMode=false"), /^FeatureGateError: cannot set feature gate /);
});

test("what a proxy runs with is shown as its configuration file would say it", async () => {
  const { configuration } = await read("--cluster-cidr=10.244.0.0/16", "--iptables-sync-period=90s");
  const { "kubeproxy.config.k8s.io": shown } = proxyConfigz(configuration);
  assert.deepEqual([shown.kind, shown.apiVersion], ["KubeProxyConfiguration", "kubeproxy.config.k8s.io/v1alpha1"]);
  assert.deepEqual([shown.clusterCIDR, shown.nftables.syncPeriod], ["10.244.0.0/16", "1m30s"]);
});
