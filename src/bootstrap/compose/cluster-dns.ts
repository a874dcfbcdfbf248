import type { KubeObject } from "../../apimachinery/index.ts";
import type { EndpointSlice, Node, Service } from "../../api/index.ts";
import { type Log, messageOf, type Platform, type Runnable } from "../../base/index.ts";
import {
  type Client,
  type InformerFactory,
  informerOf,
  isAlreadyExists,
  isNotFound,
  kinds,
  type ResourceClient,
  resourceOf,
} from "../../client/index.ts";
import { addressIn } from "../cluster/addresses.ts";
import type { ClusterConfig } from "../cluster/config.ts";

const namespace = "kube-system";
const name = "kube-dns";
const sliceName = "kube-dns-nodes";
const labels = { "k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" };
const retryMs = 1_000;
/** Upstream's role for CoreDNS, as kubeadm installs it. */
const role = "system:coredns";
const rbacGroup = "rbac.authorization.k8s.io";

/** Where a node's DNS server listens: the first address of its pod range, which its pod bridge has. */
export function nodeDnsAddress(podCidr: string): string {
  return addressIn(podCidr, 1);
}

/**
 * Keeps the Service `kube-dns` at the address that pods are told, with the DNS servers of all ready nodes behind it.
 * It has no selector: the servers are part of the node agents, not pods.
 */
export function clusterDnsController(
  platform: Platform,
  log: Log,
  config: ClusterConfig,
  client: Client,
  informers: InformerFactory,
): Runnable {
  const nodes = informerOf(informers, kinds.nodes);
  return {
    name: "cluster-dns",
    async run(signal) {
      if (config.nodes.length === 0) return;
      let wake: () => void = () => {};
      let changed = true;
      const note = () => {
        changed = true;
        wake();
      };
      const remove = nodes.addHandler({ onAdd: note, onUpdate: note, onDelete: note });
      let written = "";
      try {
        await nodes.waitForSync(signal);
        while (!signal.aborted) {
          if (!changed) await until(signal, (resolve) => (wake = resolve));
          changed = false;
          const addresses = readyAddresses(nodes.lister.list());
          if (addresses.join() === written) continue;
          await sync(client, config, addresses).then(
            () => (written = addresses.join()),
            async (error: unknown) => {
              log.warn("cannot publish the DNS servers", { error: messageOf(error) });
              changed = true;
              await platform.clock.sleep(retryMs, signal);
            },
          );
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        remove();
      }
    },
  };
}

function until(signal: AbortSignal, register: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    register(resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function readyAddresses(nodes: Iterable<Node>): string[] {
  return [...nodes]
    .filter(
      ({ status }) => status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true,
    )
    .flatMap(({ spec }) => (spec?.podCIDR === undefined ? [] : [nodeDnsAddress(spec.podCIDR)]))
    .toSorted();
}

async function sync(client: Client, config: ClusterConfig, addresses: readonly string[]): Promise<void> {
  await ensure(resourceOf(client, kinds.clusterroles), {
    metadata: { name: role },
    rules: [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ],
  });
  await ensure(resourceOf(client, kinds.clusterrolebindings), {
    metadata: { name: role },
    roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: role },
    subjects: [{ kind: "ServiceAccount", name: "coredns", namespace }],
  });
  const services = resourceOf(client, kinds.services).namespace(namespace);
  await ensure(services, dnsService(config));
  const slices = resourceOf(client, kinds.endpointslices).namespace(namespace);
  const wanted = dnsSlice(addresses);
  try {
    const existing = await slices.get(sliceName);
    await slices.update({ ...wanted, metadata: { ...existing.metadata, labels: wanted.metadata.labels ?? {} } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await slices.create(wanted);
  }
}

async function ensure<T extends KubeObject>(resource: ResourceClient<T>, object: T): Promise<void> {
  try {
    await resource.get(object.metadata.name ?? "");
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await resource.create(object).catch((failure: unknown) => {
      if (!isAlreadyExists(failure)) throw failure;
    });
  }
}

function dnsService(config: ClusterConfig): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels },
    spec: {
      clusterIP: config.clusterDns,
      ports: [
        { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
        { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
      ],
    },
  } as Service;
}

function dnsSlice(addresses: readonly string[]): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: sliceName,
      namespace,
      labels: {
        ...labels,
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": "cluster-dns.k8ts",
      },
    },
    addressType: "IPv4",
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: true, serving: true, terminating: false },
    })),
    ports: [
      { name: "dns", port: 53, protocol: "UDP" },
      { name: "dns-tcp", port: 53, protocol: "TCP" },
    ],
  } as EndpointSlice;
}
