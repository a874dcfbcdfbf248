import type { ConfigMap } from "../../api/index.ts";
import { StatusError } from "../../apimachinery/index.ts";
import { exponentialBuckets, type MetricsRegistry } from "../../component/index.ts";
import { informerOf, isAlreadyExists, isNamespaceTerminating, isNotFound, keyOf, kinds } from "../../client/index.ts";
import { Controller, type Key, where } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const mapName = "kube-root-ca.crt";
const descriptionAnnotation = "kubernetes.io/description";
const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

/** Every namespace has the cluster's CA in a config map, for the service account volumes of its pods. */
export const rootCaCertificatePublisherController: ControllerDescriptor = {
  name: "root-ca-certificate-publisher-controller",
  serviceAccount: "root-ca-cert-publisher",
  create({ client, clock, informers, log, metrics, registry }, { rootCa }) {
    if (rootCa === undefined) return undefined;
    const synced = registry === undefined ? undefined : syncSeries(registry);
    const namespaces = informerOf(informers, kinds.namespaces);
    const maps = informerOf(informers, kinds.configmaps);
    const write = async (namespace: string, current: ConfigMap | undefined): Promise<void> => {
      const api = client.resource<ConfigMap>(kinds.configmaps).namespace(namespace);
      const annotations = { ...current?.metadata.annotations, [descriptionAnnotation]: description };
      const metadata = { ...(current?.metadata ?? { name: mapName, namespace }), annotations };
      const map: ConfigMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { "ca.crt": rootCa } };
      await (current === undefined ? api.create(map) : api.update(map));
    };
    const reconcile = async (key: Key): Promise<void> => {
      const startedMs = clock.monotonic();
      try {
        await sync(key);
        synced?.(200, clock.monotonic() - startedMs);
      } catch (error) {
        synced?.(error instanceof StatusError ? (error.status.code ?? 500) : 500, clock.monotonic() - startedMs);
        throw error;
      }
    };
    const sync = async (key: Key): Promise<void> => {
      const namespace = namespaces.lister.get(key);
      if (namespace === undefined || namespace.status?.phase === "Terminating") return;
      const current = maps.lister.get(`${key}/${mapName}`);
      const described = current?.metadata.annotations?.[descriptionAnnotation] !== undefined;
      if (described && Object.keys(current?.data ?? {}).length === 1 && current?.data?.["ca.crt"] === rootCa) return;
      await write(key, current).catch((error: unknown) => {
        if (!isAlreadyExists(error) && !isNamespaceTerminating(error) && !isNotFound(error)) throw error;
      });
    };
    const name = "root-ca-certificate-publisher-controller";
    return new Controller({ name, clock, log, metrics, workers: 1, reconciler: { reconcile } })
      .watch(namespaces, (namespace) => [keyOf(namespace)])
      .watch(maps, (map) => [map.metadata.namespace ?? ""], {
        predicate: where((map) => map.metadata.name === mapName),
      });
  },
};

/** Upstream's series of the subsystem `root_ca_cert_publisher`. */
function syncSeries(registry: MetricsRegistry): (code: number, tookMs: number) => void {
  const total = registry.counters({
    name: "root_ca_cert_publisher_sync_total",
    help: "Looks at namespaces, by the status of what was written.",
    labels: ["code"],
  });
  const took = registry.histograms({
    name: "root_ca_cert_publisher_sync_duration_seconds",
    help: "How long looks at namespaces take.",
    labels: ["code"],
    buckets: exponentialBuckets(0.001, 2, 15),
  });
  return (code, tookMs) => {
    total.with(String(code)).increment();
    took.with(String(code)).observe(tookMs / 1000);
  };
}
