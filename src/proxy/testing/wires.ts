import { createRealPlatform, type RunningProcess } from "../../base/index.ts";
import { type Enter, enterCommand, runIn } from "../../network/index.ts";

/** A node with pods and an outsider, as network namespaces joined by real links. Ends with `close`. */
export class Wires {
  readonly platform = createRealPlatform();
  readonly #held: RunningProcess[] = [];
  node: Enter = [];
  outsider: Enter = [];
  #nodePid = 0;

  static async open(): Promise<Wires> {
    const wires = new Wires();
    wires.#nodePid = await wires.#namespace();
    wires.node = enter(wires.#nodePid);
    const inNode = (line: string) => runIn(wires.platform.processes, wires.node, "sh", "-ec", line);
    await inNode(
      "ip link set lo up; ip link add pods type bridge; ip address add 10.210.1.1/24 dev pods; ip link set pods up",
    );
    await inNode(
      "ip link add services type bridge; ip link set services up; ip route add 10.212.0.0/16 dev services src 10.210.1.1",
    );
    await inNode("for s in ipv4/ip_forward ipv4/conf/all/route_localnet; do echo 1 > /proc/sys/net/$s; done");
    await inNode("echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables");
    const outside = await wires.#namespace();
    wires.outsider = enter(outside);
    await inNode(
      `ip link add uplink type veth peer name eth0 netns ${outside}; ip address add 10.211.0.2/24 dev uplink; ip link set uplink up`,
    );
    await runIn(
      wires.platform.processes,
      wires.outsider,
      "sh",
      "-ec",
      "ip address add 10.211.0.9/24 dev eth0; ip link set eth0 up; ip route add default via 10.211.0.2",
    );
    return wires;
  }

  /** A pod that answers HTTP on 8080 and UDP on 5353 with `NAME CLIENT-ADDRESS`. */
  async pod(name: string, address: string): Promise<Enter> {
    const pid = await this.#namespace();
    const pod = enter(pid);
    const link = `v${pid}`;
    const inNode = [
      "sh",
      "-ec",
      `ip link add ${link} type veth peer name eth0 netns ${pid}; ip link set ${link} master pods up; bridge link set dev ${link} hairpin on`,
    ];
    await runIn(this.platform.processes, this.node, ...inNode);
    await runIn(
      this.platform.processes,
      pod,
      "sh",
      "-ec",
      `ip link set lo up; ip address add ${address}/24 dev eth0; ip link set eth0 up; ip route add default via 10.210.1.1`,
    );
    const [command, args] = enterCommand(pod, process.execPath, "-e", server, name);
    const running = this.platform.processes.spawn(command, args);
    this.#held.push(running);
    await new Promise((resolve) => running.stdout?.once("data", resolve));
    return pod;
  }

  /** What an HTTP request answers, or curl's exit code: 7 refused, 28 no answer in time. */
  async http(from: Enter, target: string, waitSeconds = 25): Promise<string | number> {
    const words = ["curl", "--silent", "--max-time", String(waitSeconds), `http://${target}/`];
    const { code, stdout } = await this.platform.processes.run(...enterCommand(from, ...words));
    return code === 0 ? stdout : (code ?? -1);
  }

  /** Sends one datagram from a fixed port, so that it belongs to the same flow every time, and waits for the answer. */
  async udp(from: Enter, address: string, port: number, waitMs = 60_000): Promise<string> {
    const words = [process.execPath, "-e", udpClient, address, String(port)];
    const client = this.platform.processes.spawn(...enterCommand(from, ...words));
    const lines: string[] = [];
    const ended = new AbortController();
    client.stdout?.on("data", (chunk: Buffer) => lines.push(...chunk.toString().split("\n").filter(Boolean)));
    void client.exited.then(() => ended.abort());
    while (lines[0] === undefined && !ended.signal.aborted) await this.platform.clock.sleep(10);
    await this.platform.clock.sleep(waitMs, ended.signal).catch(() => undefined);
    client.kill("SIGKILL");
    await client.exited;
    return lines[1] ?? "no answer";
  }

  async close(): Promise<void> {
    for (const held of this.#held) held.kill("SIGKILL");
    await Promise.all(this.#held.map((held) => held.exited));
  }

  async #namespace(): Promise<number> {
    const holder = this.platform.processes.spawn("unshare", ["--net", "sleep", "3600"]);
    this.#held.push(holder);
    const { disk, clock } = this.platform;
    const own = await disk.readLink("/proc/self/ns/net");
    while ((await disk.readLink(`/proc/${holder.pid}/ns/net`)) === own) await clock.sleep(5);
    return holder.pid;
  }
}

const enter = (pid: number): Enter => ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];

const server = `
const name = process.argv[1];
const plain = (address) => address.replace("::ffff:", "");
const udp = require("dgram").createSocket("udp4").on("message", (_, from) => udp.send(name + " " + from.address, from.port, from.address));
udp.bind(5353, () => require("http").createServer((request, response) => response.end(name + " " + plain(request.socket.remoteAddress))).listen(8080, "0.0.0.0", () => console.log("ready")));
`;

const udpClient = `
const [address, port] = process.argv.slice(1);
const udp = require("dgram").createSocket("udp4").on("message", (answer) => { console.log(String(answer)); udp.close(); });
udp.bind(40000, () => udp.send("x", Number(port), address, () => console.log("sent")));
`;
