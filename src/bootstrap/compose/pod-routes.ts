import type { Node } from "../../api/index.ts";
import { type Clock, type Log, messageOf, type Runnable, whenAborted } from "../../base/index.ts";
import { type InformerFactory, informerOf, kinds } from "../../client/index.ts";
import type { Peer } from "../../network/index.ts";

const retryMs = 500;

const addressOf = (node: Node): string | undefined =>
  node.status?.addresses?.find(({ type }) => type === "InternalIP")?.address;

/** Keeps routes to the pods of all nodes but `self`: their ranges by way of their addresses. */
export function podRoutes(
  clock: Clock,
  informers: InformerFactory,
  log: Log,
  self: string | undefined,
  setPeers: (peers: readonly Peer[]) => Promise<void>,
): Runnable {
  const nodes = informerOf(informers, kinds.nodes);
  return {
    name: "pod-routes",
    async run(signal) {
      let written = "";
      let queue = Promise.resolve();
      const sync = async (): Promise<void> => {
        const peers = [...nodes.lister.list()].flatMap((node) => {
          const address = addressOf(node);
          const podCidr = node.spec?.podCIDR;
          return node.metadata.name === self || address === undefined || podCidr === undefined
            ? []
            : [{ podCidr, address }];
        });
        const wanted = JSON.stringify(peers);
        if (wanted === written || signal.aborted) return;
        await setPeers(peers).then(
          () => (written = wanted),
          (error: unknown) => {
            log.info("cannot route to other nodes' pods yet", { error: messageOf(error) });
            clock.after(retryMs, note);
          },
        );
      };
      const note = (): void => void (queue = queue.then(sync));
      const remove = nodes.addHandler({ onAdd: note, onUpdate: note, onDelete: note });
      await whenAborted(signal);
      remove();
      await queue;
    },
  };
}
