import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { CapturingLog, createRealPlatform, type RunningProcess, until } from "../../base/index.ts";
import { bridgeConfigList } from "../cni/bridge-config.ts";
import { type Enter, enterCommand, runIn } from "../enter.ts";
import { NodeBridge } from "../hosts/node-bridge.ts";
import { TestHost } from "../hosts/test-host.ts";
import { removeTable, replaceTable } from "../nft/diff.ts";
import { Nft } from "../nft/nft.ts";
import { type Chain, emptyTable, type Table } from "../nft/table.ts";
import { NodeNetwork } from "./node-network.ts";

// Two machines inside this one, pods made by the real CNI plug-ins: needs root, nftables, iproute2 and Debian's
// containernetworking-plugins.
const platform = { ...createRealPlatform(), log: new CapturingLog() };
const { disk, processes, clock } = platform;
const directory = mkdtempSync(join(tmpdir(), "network-"));
const id = directory
  .slice(-6)
  .toLowerCase()
  .replaceAll(/[^a-z0-9]/g, "x");
const cgroup = `/k8ts-test-${id}`;
const subnet = "10.211.0.0/24";
const serviceCidr = "10.212.0.0/16";
const clusterCidr = "10.210.0.0/16";
const bridge = new NodeBridge(processes, { id, subnet });

interface Node {
  readonly host: TestHost;
  readonly network: NodeNetwork;
  readonly directory: string;
  readonly podCidr: string;
}
const nodes: Node[] = [];
const held: RunningProcess[] = [];

before(async () => {
  await bridge.up();
  for (const number of [1, 2]) {
    const nodeDirectory = join(directory, `n${number}`);
    const address = bridge.nodeAddress(number);
    const podCidr = `10.210.${number}.0/24`;
    const host = await TestHost.open(platform, {
      id,
      number,
      hostname: `node-${number}`,
      directory: nodeDirectory,
      address,
      subnet,
      cgroup: `${cgroup}/n${number}`,
    });
    await host.create();
    const options = {
      id,
      directory: join(nodeDirectory, "network"),
      nodeAddress: address,
      podCidr,
      clusterCidr,
      serviceCidr,
    };
    const network = new NodeNetwork(platform, {
      ...options,
      nodeLinks: [host.link],
      insideRanges: [subnet],
      enter: host.enter,
    });
    await network.up();
    await network.up();
    nodes.push({ host, network, directory: nodeDirectory, podCidr });
  }
});

after(async () => {
  for (const pod of held) pod.kill("SIGKILL");
  await Promise.all(held.map((pod) => pod.exited));
  for (const { network, host } of nodes) {
    await network.down();
    await host.remove();
  }
  await bridge.down(clusterCidr);
  assert.equal((await runIn(processes, [], "ip", "route", "show", "root", clusterCidr)).trim(), "");
  const ours = ["/sys/fs/cgroup", "-depth", "-path", `*${cgroup}*`, "-type", "d"];
  // A process that has just ended may hold its group for a moment.
  await until(clock, "no cgroup is left", async () => {
    await processes.run("find", [...ours, "-exec", "rmdir", "{}", ";"]);
    return (await runIn(processes, [], "find", ...ours)) === "";
  });
  rmSync(directory, { recursive: true });
  assert.equal((await processes.run("ip", ["link", "show", bridge.name])).code, 1);
});

/** A network namespace on a node, attached by the bridge plug-in as a runtime would. */
async function pod(node: Node): Promise<{ readonly enter: Enter; readonly address: string }> {
  const [command, args] = enterCommand(node.host.enter, "unshare", "--net", "sleep", "3600");
  const holder = processes.spawn(command, args);
  held.push(holder);
  const own = await disk.readLink("/proc/self/ns/net");
  const nodeNamespace = (await runIn(processes, node.host.enter, "readlink", "/proc/self/ns/net")).trim();
  const namespace = () => disk.readLink(`/proc/${holder.pid}/ns/net`);
  while ([own, nodeNamespace].includes(await namespace())) await clock.sleep(10);
  const list = bridgeConfigList({
    bridge: node.network.bridge,
    podCidr: node.podCidr,
    ipamDirectory: join(node.directory, "network/ipam"),
  });
  const { cniVersion, name, plugins } = list as { cniVersion: string; name: string; plugins: object[] };
  const [cni, cniArgs] = enterCommand(node.host.enter, "/usr/lib/cni/bridge");
  const { stdout, code } = await processes.run(cni, cniArgs, {
    stdin: JSON.stringify({ cniVersion, name, ...plugins[0] }),
    env: {
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: `pod${held.length}`,
      CNI_IFNAME: "eth0",
      CNI_PATH: "/usr/lib/cni",
      CNI_NETNS: `/proc/${holder.pid}/ns/net`,
    },
  });
  assert.equal(code, 0, stdout);
  const [{ address = "" } = {}] = (JSON.parse(stdout) as { ips: { address: string }[] }).ips;
  return { enter: ["nsenter", `--net=/proc/${holder.pid}/ns/net`, "--"], address: address.split("/")[0] ?? "" };
}

async function curl(enter: Enter, address: string): Promise<number | undefined> {
  const [command, args] = enterCommand(enter, "curl", "--silent", "--max-time", "60", `http://${address}/`);
  return (await processes.run(command, args)).code;
}
const CONNECTION_FAILED = 7;

const ping = async (enter: Enter, address: string, waitSeconds = 30) => {
  const [command, args] = enterCommand(enter, "busybox", "ping", "-c", "1", "-W", String(waitSeconds), address);
  return (await processes.run(command, args)).code === 0;
};

test("a host has its own name, links, cgroup root and no way out", async () => {
  const [first] = nodes;
  assert.ok(first);
  assert.equal((await runIn(processes, first.host.enter, "hostname")).trim(), "node-1");
  assert.doesNotMatch(await runIn(processes, first.host.enter, "ip", "route"), /^default/m);
  const groups = await runIn(processes, first.host.enter, "cat", "/proc/self/cgroup");
  assert.doesNotMatch(groups, new RegExp(cgroup));
  assert.match(await runIn(processes, first.host.enter, "cat", "/etc/hosts"), /10\.211\.0\.2 node-1/);
});

test("the pods' gateway exists before the first pod, and keeps its hardware address", async () => {
  const [first] = nodes;
  assert.ok(first);
  const show = () => runIn(processes, first.host.enter, "ip", "-json", "address", "show", first.network.bridge);
  const [before] = JSON.parse(await show()) as { address: string; addr_info: { local: string }[] }[];
  assert.equal(before?.addr_info[0]?.local, "10.210.1.1");
  await pod(first);
  const [after] = JSON.parse(await show()) as { address: string; addr_info: { local: string; prefixlen: number }[] }[];
  assert.equal(after?.address, before?.address);
  assert.deepEqual(
    after?.addr_info
      .filter(({ local }) => local.startsWith("10."))
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
    ["10.210.1.1/24"],
  );
});

test("pods reach pods on their own and on another node, and only while there is a route", async () => {
  const [first, second] = nodes;
  assert.ok(first && second);
  const [a, b, c] = [await pod(first), await pod(first), await pod(second)];
  assert.match(c.address, /^10\.210\.2\./);
  assert.equal(await ping(a.enter, b.address), true);
  assert.equal(await ping(a.enter, c.address, 1), false, "no route to the other node yet");

  await first.network.setPeers([{ podCidr: second.podCidr, address: bridge.nodeAddress(2) }]);
  await second.network.setPeers([{ podCidr: first.podCidr, address: bridge.nodeAddress(1) }]);
  assert.equal(await ping(a.enter, c.address), true);
  assert.equal(await ping(first.host.enter, c.address), true);
  const peers = nodes.map(({ podCidr }, at) => ({ podCidr, address: bridge.nodeAddress(at + 1) }));
  await bridge.setPeers(clusterCidr, peers);
  assert.equal(await ping([], c.address), true, "the machine itself reaches pods");

  await first.network.setPeers([]);
  assert.equal(await ping(a.enter, c.address, 1), false);
});

test("Service and pod addresses that nobody answers are refused at once, on the node and in pods", async () => {
  const [first] = nodes;
  assert.ok(first);
  const { enter } = await pod(first);
  for (const from of [first.host.enter, enter]) {
    for (const address of ["10.212.0.1", "10.210.77.1"]) {
      assert.equal(await curl(from, address), CONNECTION_FAILED, `${from[0]} ${address}`);
    }
  }
  assert.equal(await curl(enter, "198.51.100.1"), CONNECTION_FAILED, "a pod reaches nothing outside of the cluster");
});

test("a Service address that a proxy translates is reached by the node and its pods", async () => {
  const [first] = nodes;
  assert.ok(first);
  const [client, server] = [await pod(first), await pod(first)];
  const translate = [`ip daddr 10.212.0.80 dnat to ${server.address}`];
  const table: Table = {
    ...emptyTable("ip", "proxy"),
    chains: new Map([
      ["out", { hook: { type: "nat", at: "output", priority: -100 }, rules: translate }],
      ["in", { hook: { type: "nat", at: "prerouting", priority: -100 }, rules: translate }],
    ]),
  };
  const nft = new Nft({ ...platform, directory: join(directory, "nft"), enter: first.host.enter });
  await nft.apply(replaceTable(table));
  const { enter } = server;
  const web = processes.spawn(...enterCommand(enter, "busybox", "httpd", "-f", "-p", "80", "-h", directory));
  held.push(web);
  await until(clock, "the server answers", async () => (await curl(first.host.enter, server.address)) === 0);
  assert.equal(await curl(first.host.enter, "10.212.0.80"), 0);
  assert.equal(await curl(client.enter, "10.212.0.80"), 0);
  await nft.apply(removeTable(table));
  assert.equal(await curl(client.enter, "10.212.0.80"), CONNECTION_FAILED);
});

test("nothing leaves through a foreign link even when a route says so", async () => {
  const [first] = nodes;
  assert.ok(first);
  const inside = (...words: string[]) => runIn(processes, first.host.enter, ...words);
  const { enter } = await pod(first);
  await inside("ip", "link", "add", "out0", "type", "bridge");
  await inside("ip", "address", "add", "198.51.100.254/24", "dev", "out0");
  await inside("ip", "link", "set", "out0", "up");
  await inside("ip", "route", "replace", "10.210.0.0/16", "via", "198.51.100.1", "metric", "1");
  const nft = new Nft({ ...platform, directory: join(directory, "nft"), enter: first.host.enter });
  const rules = ["10.210.0.0/16", "198.51.100.0/24"].map((range) => `oifname "out0" ip daddr ${range} counter`);
  const last: Chain = { hook: { type: "filter", at: "postrouting", priority: 500 }, rules };
  await nft.apply(replaceTable({ ...emptyTable("ip", "watch"), chains: new Map([["last", last]]) }));
  const sent = async () => {
    const listing = await inside("nft", "list", "chain", "ip", "watch", "last");
    return [...listing.matchAll(/counter packets (\d+)/g)].map(([, packets]) => Number(packets));
  };
  for (const from of [first.host.enter, enter]) assert.equal(await curl(from, "10.210.77.1"), CONNECTION_FAILED);
  assert.equal(await curl(enter, "198.51.100.1"), CONNECTION_FAILED);
  assert.deepEqual(await sent(), [0, 0]);
  assert.equal(await ping(first.host.enter, "198.51.100.1", 1), false);
  assert.deepEqual(await sent(), [0, 1], "what the node itself sends elsewhere is its own business");
  await inside("ip", "link", "delete", "out0");
});

test("a range that another network uses is refused with its name", async () => {
  const [first] = nodes;
  assert.ok(first);
  const options = {
    id: "other",
    directory: join(directory, "other"),
    nodeAddress: "10.211.0.2",
    podCidr: "10.209.1.0/24",
    clusterCidr: "10.209.0.0/16",
    serviceCidr,
    enter: first.host.enter,
  };
  await assert.rejects(
    new NodeNetwork(platform, options).up(),
    /10\.212\.0\.0\/16 is in use on this machine \(by svc-/,
  );
});
