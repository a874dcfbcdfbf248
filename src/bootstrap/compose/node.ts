import {
  type Command,
  createLog,
  type Log,
  messageOf,
  type Platform,
  type Runnable,
  standardErrorSink,
} from "../../base/index.ts";
import type { Node } from "../../api/index.ts";
import {
  type Client,
  createHttpClient,
  informerOf,
  kinds,
  loadKubeconfig,
  resolveKubeconfig,
  SharedInformerFactory,
} from "../../client/index.ts";
import {
  builtInImages,
  BUSYBOX_IMAGE,
  type Containerd,
  type ContainerRuntime,
  ensureImage,
  PAUSE_IMAGE,
} from "../../cri/index.ts";
import { DnsServer, informerView, Resolver } from "../../dns/index.ts";
import { createKubelet } from "../../kubelet/index.ts";
import { defaultProxyConfig, Proxy } from "../../proxy/index.ts";
import { runAll } from "../../reconcile/index.ts";
import { type ClusterConfig, type NodeConfig, readClusterConfig } from "../cluster/config.ts";
import { clusterPaths } from "../cluster/paths.ts";
import { identityPath } from "../kubeconfig/identities.ts";
import { pkiFiles } from "../pki/files.ts";
import { nodeDnsAddress } from "./cluster-dns.ts";
import { nodeNetwork, proxyTable, savedPodCidr, savePodCidr } from "./node-network.ts";
import { podRoutes } from "./pod-routes.ts";
import { cgroupRoot } from "./ids.ts";
import { machineArchitecture, nodeContainerd } from "./node-runtime.ts";

/** `k8ts node --directory DIR --node NAME`: containerd, kubelet, proxy and DNS of one node. Containers outlive it. */
export const node: Command = async (args, { platform, signal }) => {
  const directory = args[args.indexOf("--directory") + 1] ?? "";
  const name = args[args.indexOf("--node") + 1] ?? "";
  const config = await readClusterConfig(platform.disk, directory);
  const nodeConfig = config?.nodes.find((candidate) => candidate.name === name);
  if (config === undefined || nodeConfig === undefined)
    throw new Error(`${directory} holds no cluster with node ${name}`);
  const log = createLog({ clock: platform.clock, sink: standardErrorSink });
  await new NodeAgent(platform, log, config, nodeConfig).run(signal);
  return 0;
};

class NodeAgent implements Runnable {
  readonly name = "node";
  readonly #platform: Platform;
  readonly #log: Log;
  readonly #config: ClusterConfig;
  readonly #node: NodeConfig;

  constructor(platform: Platform, log: Log, config: ClusterConfig, node: NodeConfig) {
    this.#platform = platform;
    this.#log = log;
    this.#config = config;
    this.#node = node;
  }

  async run(signal: AbortSignal): Promise<void> {
    const paths = clusterPaths(this.#config.directory).node(this.#node.name);
    for (const directory of [
      paths.directory,
      paths.network,
      paths.cni,
      paths.kubelet,
      paths.podLogs,
      paths.staticPods,
    ]) {
      await this.#platform.disk.makeDirectory(directory);
    }
    const containerd = nodeContainerd(this.#platform, this.#config, this.#node);
    const known = await savedPodCidr(this.#platform, this.#config, this.#node);
    if (known !== undefined) await nodeNetwork(this.#platform, this.#log, this.#config, this.#node, known).up();
    await containerd.start(signal);
    const runtime = await containerd.connect();
    try {
      await this.#ensureImage(containerd, runtime, PAUSE_IMAGE);
      const parts = [
        { name: "containerd", run: (inner: AbortSignal) => containerd.keepRunning(inner) },
        {
          name: "images",
          run: () =>
            this.#ensureImage(containerd, runtime, BUSYBOX_IMAGE).catch((error: unknown) =>
              this.#log.warn("cannot build an image", { error: messageOf(error) }),
            ),
        },
        await this.#kubelet(runtime),
        await this.#networking(),
        await this.#dns(),
      ];
      await runAll("node", parts).run(signal);
    } finally {
      runtime.close();
    }
  }

  async #ensureImage(containerd: Containerd, runtime: ContainerRuntime, reference: string): Promise<void> {
    const { clock, disk, processes } = this.#platform;
    const architecture = machineArchitecture();
    const definition = builtInImages(architecture)[reference];
    if (definition === undefined) throw new Error(`broken invariant: no recipe for ${reference}`);
    const paths = clusterPaths(this.#config.directory);
    // Nodes of one machine build at the same time.
    const cacheDirectory =
      this.#node.place === "host" ? paths.imageCache : `${paths.node(this.#node.name).directory}/images`;
    await disk.makeDirectory(cacheDirectory);
    const { snapshotter } = await containerd.facts();
    const store = { clock, processes, images: runtime.images, socket: containerd.paths.socket, snapshotter };
    await ensureImage(store, definition, { disk, processes, architecture, cacheDirectory });
  }

  async #client(identity: string, userAgent: string): Promise<Client> {
    const { clock, disk } = this.#platform;
    const { cluster, user } = resolveKubeconfig(await loadKubeconfig(disk, [identityPath(this.#config, identity)]));
    return createHttpClient({ cluster, user, clock, disk, userAgent });
  }

  async #kubelet(runtime: ContainerRuntime): Promise<Runnable> {
    const files = pkiFiles(clusterPaths(this.#config.directory).pki);
    const paths = clusterPaths(this.#config.directory).node(this.#node.name);
    const serving = files.kubelet(this.#node.name);
    const read = (path: string) => this.#platform.disk.readText(path);
    return createKubelet({
      platform: this.#platform,
      log: this.#log.with({ part: "kubelet" }),
      client: await this.#client(`kubelet-${this.#node.name}`, "kubelet"),
      cri: runtime,
      configuration: {
        nodeName: this.#node.name,
        hostname: this.#node.name,
        rootDirectory: paths.kubelet,
        podLogsDirectory: paths.podLogs,
        staticPodPath: paths.staticPods,
        nodeIps: [this.#node.address],
        port: this.#node.kubeletPort,
        clusterDns: [this.#config.clusterDns],
        clusterDomain: this.#config.clusterDomain,
        cgroupRoot: cgroupRoot(this.#config, this.#node),
        authentication: { anonymous: false, webhook: true, clientCa: await read(files.ca.certificate) },
        tlsCertificate: await read(serving.certificate),
        tlsPrivateKey: await read(serving.key),
      },
    });
  }

  /** Pod network as soon as the node has its range, and the rules for Services. */
  async #networking(): Promise<Runnable> {
    const informers = await this.#informers("proxy", "kube-proxy");
    const nodes = informerOf(informers, kinds.nodes, { fieldSelector: `metadata.name=${this.#node.name}` });
    const paths = clusterPaths(this.#config.directory).node(this.#node.name);
    const log = this.#log.with({ part: "proxy" });
    const proxy = new Proxy(
      { ...this.#platform, log },
      {
        config: {
          ...defaultProxyConfig,
          nodeName: this.#node.name,
          nodeAddress: this.#node.address,
          table: proxyTable(this.#config, this.#node),
          clusterCidr: this.#config.clusterCidr,
        },
        informers,
        directory: `${paths.network}/nft`,
      },
    );
    const podNetwork: Runnable = {
      name: "pod-network",
      run: (signal) => this.#followPodCidr(nodes, signal),
    };
    const parts = [{ name: "informers", run: (inner: AbortSignal) => informers.run(inner) }, podNetwork, proxy];
    return runAll("networking", this.#node.place === "host" ? parts : [...parts, this.#routes(informers)]);
  }

  /** To the pods of the other nodes, once this one has its own range. */
  #routes(informers: SharedInformerFactory): Runnable {
    return podRoutes(this.#platform.clock, informers, this.#log, this.#node.name, async (peers) => {
      const podCidr = await savedPodCidr(this.#platform, this.#config, this.#node);
      if (podCidr === undefined) throw new Error("the node has no pod range yet");
      await nodeNetwork(this.#platform, this.#log, this.#config, this.#node, podCidr).setPeers(peers);
    });
  }

  async #followPodCidr(nodes: ReturnType<typeof informerOf<Node>>, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const look = (object: Node) => object.spec?.podCIDR && resolve(object.spec.podCIDR);
    const remove = nodes.addHandler({ onAdd: look, onUpdate: (_previous, object) => look(object) });
    signal.addEventListener("abort", () => resolve(""), { once: true });
    const podCidr = await promise;
    remove();
    if (podCidr === "") return;
    await savePodCidr(this.#platform, this.#config, this.#node, podCidr);
    await nodeNetwork(this.#platform, this.#log, this.#config, this.#node, podCidr).up();
    this.#log.info("pod network is up", { podCidr });
  }

  async #dns(): Promise<Runnable> {
    const { clock, network } = this.#platform;
    const informers = await this.#informers("dns", "k8ts-dns");
    const domain = this.#config.clusterDomain;
    const resolver = new Resolver(informerView(informers), domain);
    const log = this.#log.with({ part: "dns" });
    const server: Runnable = {
      name: "dns",
      run: async (signal) => {
        const podCidr = await this.#podCidr(signal);
        if (podCidr === undefined) return;
        const addresses = [{ host: nodeDnsAddress(podCidr), port: 53 }];
        await new DnsServer({ addresses, domain, resolver, network, clock, log }).run(signal);
      },
    };
    return runAll("dns", [{ name: "informers", run: (inner) => informers.run(inner) }, server]);
  }

  async #podCidr(signal: AbortSignal): Promise<string | undefined> {
    while (!signal.aborted) {
      const found = await savedPodCidr(this.#platform, this.#config, this.#node);
      if (found !== undefined) return found;
      await this.#platform.clock.sleep(50, signal).catch(() => undefined);
    }
    return undefined;
  }

  async #informers(identity: string, userAgent: string): Promise<SharedInformerFactory> {
    const { clock, random } = this.#platform;
    return new SharedInformerFactory({
      client: await this.#client(identity, userAgent),
      clock,
      random,
      log: this.#log,
    });
  }
}
