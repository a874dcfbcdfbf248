import assert from "node:assert/strict";
import { test } from "node:test";
import { testPod } from "../testing/fixtures.ts";
import { hostsFile, kernelHostname, podHostname } from "./hosts-file.ts";
import { parseResolvConf, podDns } from "./resolv-conf.ts";

const host = parseResolvConf(
  "# c\nnameserver 1.1.1.1\nnameserver 2.2.2.2\nsearch a.test b.test.\noptions ndots:1 timeout:3\n",
);

function dns(spec: object, clusterDns = ["10.96.0.10"]): { text: string; warnings: string[] } {
  const warnings: string[] = [];
  const found = podDns({
    pod: testPod(spec),
    host,
    clusterDns,
    clusterDomain: "cluster.local",
    warn: (reason) => warnings.push(reason),
  });
  return { text: `${found.servers.join()} | ${found.searches.join()} | ${found.options.join()}`, warnings };
}

test("DNS policies", () => {
  const cluster = "10.96.0.10 | default.svc.cluster.local,svc.cluster.local,cluster.local,a.test,b.test | ndots:5";
  const node = "1.1.1.1,2.2.2.2 | a.test,b.test | ndots:1,timeout:3";
  assert.equal(dns({}).text, cluster);
  assert.equal(dns({ dnsPolicy: "Default" }).text, node);
  assert.equal(dns({ hostNetwork: true }).text, node);
  assert.equal(dns({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }).text, cluster);
  assert.equal(
    dns({ dnsPolicy: "None", dnsConfig: { nameservers: ["9.9.9.9"], searches: ["x"], options: [{ name: "edns0" }] } })
      .text,
    "9.9.9.9 | x | edns0",
  );
  assert.equal(dns({ dnsConfig: { options: [{ name: "ndots", value: "2" }] } }).text.split(" | ")[2], "ndots:2");
  assert.deepEqual(dns({}, []), { text: node, warnings: ["MissingClusterDNS"] });
});

test("no more than resolvers read", () => {
  const { text, warnings } = dns({
    dnsConfig: { nameservers: ["1", "2", "3", "4"], searches: Array.from({ length: 40 }, (_, i) => `s${i}`) },
  });
  assert.equal(text.split(" | ")[0], "10.96.0.10,1,2");
  assert.equal(text.split(" | ")[1]?.split(",").length, 32);
  assert.deepEqual(warnings, ["DNSConfigForming", "DNSConfigForming"]);
});

test("what a pod calls itself", () => {
  const name = (spec: object, metadata = {}) => podHostname(testPod(spec, metadata), "cluster.local", "node-1");
  assert.deepEqual(name({}), { hostname: "web", domain: "" });
  assert.equal(name({}, { name: `${"a".repeat(62)}-b` }).hostname, "a".repeat(62));
  assert.deepEqual(name({ hostname: "h", subdomain: "sub" }), {
    hostname: "h",
    domain: "sub.default.svc.cluster.local",
  });
  assert.equal(name({ hostNetwork: true }).hostname, "node-1");
  const full = testPod({ subdomain: "sub", setHostnameAsFQDN: true });
  assert.equal(kernelHostname(full, podHostname(full, "cluster.local", "n")), "web.sub.default.svc.cluster.local");
});

test("the hosts file", () => {
  const pod = testPod({ subdomain: "sub", hostAliases: [{ ip: "1.2.3.4", hostnames: ["a", "b"] }] });
  const lines = hostsFile(pod, podHostname(pod, "cluster.local", "n"), ["10.0.0.5"], "").split("\n");
  assert.equal(lines[0], "# Kubernetes-managed hosts file.");
  assert.equal(lines[7], "10.0.0.5\tweb.sub.default.svc.cluster.local\tweb");
  assert.equal(lines[10], "1.2.3.4\ta\tb");
  const shared = testPod({ hostNetwork: true });
  assert.equal(
    hostsFile(shared, podHostname(shared, "x", "n"), ["1.1.1.1"], "127.0.0.1 me\n"),
    "# Kubernetes-managed hosts file (host network).\n127.0.0.1 me\n",
  );
});
