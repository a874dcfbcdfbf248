import type { Clock, Log, Random } from "../../base/index.ts";
import { type Client, SharedInformer } from "../../client/index.ts";
import { podAnnotations } from "../runtime/labels.ts";
import type { Pod } from "../types.ts";
import { relevantPart } from "./pod-changes.ts";

export interface ApiPodsOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly nodeName: string;
  /** A pod of this node appeared, or something about it changed that matters. */
  readonly onPod: (pod: Pod) => void;
  /** Only its status changed. */
  readonly onStatus: (pod: Pod) => void;
  readonly onRemoved: (pod: Pod) => void;
}

/** The pods that the API server has bound to this node. */
export function apiPods(options: ApiPodsOptions): SharedInformer<Pod> {
  const { client, clock, random, log, nodeName } = options;
  const informer = new SharedInformer<Pod>({
    name: "pods of this node",
    client: client.resource<Pod>({ group: "", version: "v1", resource: "pods" }),
    clock,
    random,
    log,
    fieldSelector: `spec.nodeName=${nodeName}`,
  });
  // Servers that do not select by field send other nodes' pods as well.
  const mine = (pod: Pod): boolean => pod.spec?.nodeName === nodeName;
  informer.addHandler({
    onAdd: (pod) => (mine(pod) ? options.onPod(pod) : undefined),
    onUpdate: (previous, pod) => {
      if (!mine(pod)) return;
      if (previous.metadata.uid !== pod.metadata.uid) {
        options.onRemoved(previous);
        options.onPod(pod);
      } else if (relevantPart(previous) !== relevantPart(pod)) options.onPod(pod);
      else options.onStatus(pod);
    },
    onDelete: (pod) => (mine(pod) ? options.onRemoved(pod) : undefined),
  });
  return informer;
}

/** The pod with its origin noted, as upstream does: seen in the runtime and through the downward API. */
export function withSource(pod: Pod, seen: string): Pod {
  const annotations = {
    ...pod.metadata.annotations,
    [podAnnotations.configSeen]: seen,
    [podAnnotations.configSource]: "api",
  };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}
