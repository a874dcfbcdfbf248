import assert from "node:assert/strict";
import { test } from "node:test";
import { diffTables } from "../../network/index.ts";
import { service, slice, testConfig } from "../testing/objects.ts";
import { renderService, renderTable, type ServiceInput } from "./render.ts";

function table(inputs: readonly ServiceInput[], config = testConfig) {
  return renderTable(
    config,
    inputs.map((input) => renderService(input, config, undefined)),
  );
}

/** What the Services add to the empty table, as the batch that adds it. */
function added(inputs: readonly ServiceInput[], config = testConfig): readonly string[] {
  return diffTables(table([], config), table(inputs, config)).trimEnd().split("\n");
}

const web = { service: service("web", {}), slices: [slice("web", ["10.210.1.5", "10.210.1.6"])] };

test("a cluster IP: masquerade for strangers, an even choice, hairpin, translation", () => {
  assert.deepEqual(added([web]), [
    "add chain ip kube-proxy service/default/web/tcp/http",
    "add chain ip kube-proxy endpoint/default/web/tcp/http/10.210.1.5/8080",
    "add chain ip kube-proxy endpoint/default/web/tcp/http/10.210.1.6/8080",
    "add rule ip kube-proxy service/default/web/tcp/http ip daddr 10.212.0.1 tcp dport 80 ip saddr != 10.210.0.0/16 jump mark-for-masquerade",
    "add rule ip kube-proxy service/default/web/tcp/http numgen random mod 2 vmap { 0 : goto endpoint/default/web/tcp/http/10.210.1.5/8080, 1 : goto endpoint/default/web/tcp/http/10.210.1.6/8080 }",
    "add rule ip kube-proxy endpoint/default/web/tcp/http/10.210.1.5/8080 ip saddr 10.210.1.5 jump mark-for-masquerade",
    "add rule ip kube-proxy endpoint/default/web/tcp/http/10.210.1.5/8080 meta l4proto tcp dnat to 10.210.1.5:8080",
    "add rule ip kube-proxy endpoint/default/web/tcp/http/10.210.1.6/8080 ip saddr 10.210.1.6 jump mark-for-masquerade",
    "add rule ip kube-proxy endpoint/default/web/tcp/http/10.210.1.6/8080 meta l4proto tcp dnat to 10.210.1.6:8080",
    "add element ip kube-proxy cluster-ips { 10.212.0.1 }",
    "add element ip kube-proxy service-ips { 10.212.0.1 . tcp . 80 : goto service/default/web/tcp/http }",
  ]);
});

test("one endpoint more changes one chain and adds one", () => {
  const more = { ...web, slices: [slice("web", ["10.210.1.5", "10.210.1.6", "10.210.1.7"])] };
  const batch = diffTables(table([web]), table([more]))
    .trimEnd()
    .split("\n");
  assert.deepEqual(
    batch.map((command) => command.split(" ").slice(0, 5).join(" ")),
    [
      "add chain ip kube-proxy endpoint/default/web/tcp/http/10.210.1.7/8080",
      "flush chain ip kube-proxy service/default/web/tcp/http",
      "add rule ip kube-proxy endpoint/default/web/tcp/http/10.210.1.7/8080",
      "add rule ip kube-proxy endpoint/default/web/tcp/http/10.210.1.7/8080",
      "add rule ip kube-proxy service/default/web/tcp/http",
      "add rule ip kube-proxy service/default/web/tcp/http",
    ],
  );
});

test("no endpoints anywhere: refused on every address", () => {
  const spec = { type: "LoadBalancer", externalIPs: ["192.0.2.7"], ports: [{ port: 80, nodePort: 30_080 }] } as const;
  const status = { loadBalancer: { ingress: [{ ip: "192.0.2.8" }, { ip: "192.0.2.9", ipMode: "Proxy" }] } };
  const lonely = {
    service: service("web", { ...spec, ports: [...spec.ports], externalIPs: [...spec.externalIPs] }, status),
    slices: [],
  };
  assert.deepEqual(added([lonely]).slice(1), [
    "add element ip kube-proxy no-endpoint-services { 10.212.0.1 . tcp . 80 : goto reject-chain, 192.0.2.7 . tcp . 80 : goto reject-chain, 192.0.2.8 . tcp . 80 : goto reject-chain }",
    "add element ip kube-proxy no-endpoint-nodeports { tcp . 30080 : goto reject-chain }",
  ]);
});

test("externalTrafficPolicy Local without a local endpoint: outsiders are dropped, pods and the node go anywhere", () => {
  const spec = {
    type: "NodePort",
    externalTrafficPolicy: "Local",
    ports: [{ name: "http", port: 80, nodePort: 30_080 }],
  } as const;
  const remote = { addresses: ["10.210.2.5"], nodeName: "node-2", conditions: { ready: true } };
  const commands = added([
    { service: service("web", { ...spec, ports: [...spec.ports] }), slices: [slice("web", [remote])] },
  ]);
  const rules = commands.filter((command) => command.startsWith("add rule ip kube-proxy external/"));
  assert.deepEqual(
    rules.map((rule) => rule.replace("add rule ip kube-proxy external/default/web/tcp/http ", "")),
    [
      "ip saddr 10.210.0.0/16 goto service/default/web/tcp/http",
      "fib saddr type local jump mark-for-masquerade",
      "fib saddr type local goto service/default/web/tcp/http",
    ],
  );
  assert.ok(commands.includes("add element ip kube-proxy no-endpoint-nodeports { tcp . 30080 : drop }"));
});

test("session affinity remembers the endpoint for the Service's time", () => {
  const sticky = {
    ...web,
    service: service("web", {
      sessionAffinity: "ClientIP",
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
    }),
  };
  const commands = added([sticky]);
  const set = "affinity/60/default/web/tcp/http/10.210.1.5/8080";
  assert.ok(
    commands.includes(`add set ip kube-proxy ${set} { type ipv4_addr ; flags dynamic, timeout ; timeout 60s ; }`),
  );
  assert.ok(
    commands.some((command) => command.endsWith(`ip saddr @${set} goto endpoint/default/web/tcp/http/10.210.1.5/8080`)),
  );
  assert.ok(commands.some((command) => command.endsWith(`update @${set} { ip saddr }`)));
  assert.doesNotThrow(() => diffTables(table([sticky]), table([web])));
});

test("Services that are not the proxy's leave no trace", () => {
  const none = [
    service("headless", { clusterIP: "None", clusterIPs: ["None"] }),
    service("name", { type: "ExternalName", externalName: "example.com" }),
    {
      ...service("other", {}),
      metadata: { name: "other", namespace: "default", labels: { "service.kubernetes.io/service-proxy-name": "x" } },
    },
    service("six", { clusterIP: "fd00::1", clusterIPs: ["fd00::1"] }),
  ];
  const inputs = none.map((item) => ({ service: item, slices: [slice(item.metadata.name ?? "", ["10.210.1.5"])] }));
  assert.deepEqual(added(inputs), [""]);
});

test("pods may be told from others by their link", () => {
  const { clusterCidr: _, ...rest } = testConfig;
  const rules = (config: typeof testConfig) =>
    added([web], config).filter((command) => command.endsWith(" jump mark-for-masquerade"));
  assert.match(rules({ ...rest, podInterface: "veth*" })[0] ?? "", / tcp dport 80 iifname != "veth\*" jump /);
  assert.equal(rules(rest).length, 2, "without either, only hairpin is left");
});

test("IPv6 has its own table and words", () => {
  const config = { ...testConfig, family: "IPv6", nodeAddress: "fd00::2", clusterCidr: "fd01::/64" } as const;
  const six = {
    service: service("web", { clusterIP: "fd02::1", clusterIPs: ["10.212.0.1", "fd02::1"] }),
    slices: [{ ...slice("web", ["fd01::5"]), addressType: "IPv6" } as const],
  };
  const commands = added([six], config);
  assert.ok(
    commands.includes(
      "add rule ip6 kube-proxy endpoint/default/web/tcp/http/fd01__5/8080 meta l4proto tcp dnat to [fd01::5]:8080",
    ),
  );
});

test("of two Services that claim one address the first keeps it", () => {
  const first = { ...web, service: service("a", { externalIPs: ["192.0.2.7"] }), slices: [slice("a", ["10.210.1.5"])] };
  const second = {
    ...web,
    service: service("b", { clusterIP: "10.212.0.2", clusterIPs: ["10.212.0.2"], externalIPs: ["192.0.2.7"] }),
    slices: [slice("b", ["10.210.1.6"])],
  };
  const { elements = new Map() } = table([first, second]).maps.get("service-ips") ?? {};
  assert.equal(elements.get("192.0.2.7 . tcp . 80"), "goto external/default/a/tcp/http");
});
