import type { Node } from "../../api/index.ts";
import { informerOf, keyOf, kinds, orNotFound } from "../../client/index.ts";
import { Controller, type Key } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";

const name = "ttl-controller";
const annotation = "node.alpha.kubernetes.io/ttl";

/** Seconds that kubelets may keep secrets and config maps, by the number of nodes. Ranges overlap, to change seldom. */
const boundaries: readonly { readonly min: number; readonly max: number; readonly seconds: number }[] = [
  { min: 0, max: 100, seconds: 0 },
  { min: 90, max: 500, seconds: 15 },
  { min: 450, max: 1000, seconds: 30 },
  { min: 900, max: 2000, seconds: 60 },
  { min: 1800, max: Number.POSITIVE_INFINITY, seconds: 300 },
];

/** Tells the nodes how long they may trust what they have read, the longer the larger the cluster. */
export const ttlController: ControllerDescriptor = {
  name,
  create({ client, clock, informers, log, metrics }) {
    const nodes = informerOf(informers, kinds.nodes);
    let step = 0;
    const seconds = (): string => {
      const count = nodes.lister.size;
      while (count > (boundaries[step]?.max ?? 0)) step += 1;
      while (step > 0 && count < (boundaries[step]?.min ?? 0)) step -= 1;
      return String(boundaries[step]?.seconds ?? 0);
    };
    const reconcile = async (key: Key): Promise<void> => {
      const node = nodes.lister.get(key);
      const wanted = seconds();
      if (node === undefined || node.metadata.annotations?.[annotation] === wanted) return;
      const body = { metadata: { annotations: { [annotation]: wanted } } };
      await orNotFound(client.resource<Node>(kinds.nodes).patch(key, { type: "merge", body }));
    };
    return new Controller({ name, clock, log, metrics, reconciler: { reconcile } }).watch(
      nodes,
      (node) => [keyOf(node)],
      {
        predicate: {
          updated: (previous, node) =>
            previous.metadata.annotations?.[annotation] !== node.metadata.annotations?.[annotation],
        },
      },
    );
  },
};
