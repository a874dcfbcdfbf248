// How soon pods run on a real cluster: create → Running as the API server tells it, image present. One, ten and thirty
// at once, each round on a clean node.
import { createRealPlatform } from "../src/base/index.ts";
import { createHttpClient, kinds, loadKubeconfig, resolveKubeconfig, resourceOf } from "../src/client/index.ts";
import { eventually, TestCluster } from "../test/cluster/harness.ts";
import { printFigure } from "./figures.ts";

const platform = createRealPlatform();
const { clock } = platform;
const image = "k8ts.local/busybox:1";
const cluster = new TestCluster("bench-pods");

await cluster.up();
try {
  const { cluster: address, user } = resolveKubeconfig(
    await loadKubeconfig(platform.disk, [`${cluster.directory}/kubeconfig`]),
  );
  const client = createHttpClient({ cluster: address, user, clock, disk: platform.disk });
  const pods = resourceOf(client, kinds.pods).namespace("default");
  await eventually(
    () => cluster.read("serviceaccount/default", "{.metadata.name}"),
    (name) => name === "default",
  );
  await round("warm-up", 1);
  for (const [count, target] of [
    [1, "≤ 0.7 s"],
    [10, "last ≤ 3 s"],
    [30, "last ≤ 8 s"],
  ] as const) {
    const seconds = await round(`b${count}`, count);
    const middle = seconds[Math.floor(seconds.length / 2)] ?? 0;
    printFigure(`${count} at once, p50`, `${middle.toFixed(2)} s`);
    printFigure(`${count} at once, last`, `${(seconds.at(-1) ?? 0).toFixed(2)} s`, target);
  }
  client.close();

  /** Seconds from the create call to Running, ascending. The pods are gone when it returns. */
  async function round(prefix: string, count: number): Promise<number[]> {
    const names = Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
    const watch = pods.watch({ labelSelector: `round=${prefix}`, sendInitialEvents: false });
    const createdMs = new Map<string, number>();
    const tookMs = new Map<string, number>();
    const watching = (async () => {
      for await (const event of watch) {
        if (event.type !== "MODIFIED") continue;
        const { metadata, status } = event.object;
        const name = metadata.name ?? "";
        if (status?.phase !== "Running" || tookMs.has(name)) continue;
        tookMs.set(name, clock.monotonic() - (createdMs.get(name) ?? 0));
        if (tookMs.size === count) return;
      }
    })();
    await Promise.all(
      names.map((name) => {
        createdMs.set(name, clock.monotonic());
        return pods.create({
          apiVersion: "v1",
          kind: "Pod",
          metadata: { name, labels: { round: prefix } },
          spec: {
            terminationGracePeriodSeconds: 0,
            containers: [{ name: "c", image, command: ["sleep", "1000"] }],
          },
        });
      }),
    );
    await watching;
    watch.close();
    await Promise.all(names.map((name) => pods.delete(name, { gracePeriodSeconds: 1 })));
    await eventually(
      async () => (await pods.list()).items.length,
      (left) => left === 0,
    );
    return [...tookMs.values()].map((ms) => ms / 1000).toSorted((a, b) => a - b);
  }
} finally {
  await cluster.destroy();
}
