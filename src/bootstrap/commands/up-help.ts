import { flag, renderHelp } from "../../component/index.ts";
import { upFlagGroups } from "../components/apiserver/up-flags.ts";

/** What `up` takes beside the API server's flags. */
export const clusterFlags = {
  name: flag.text({ usage: "The cluster's name; several run side by side.", default: "default" }),
  nodes: flag.integer({
    usage: "Nodes, each on this machine; 0 for a control plane alone, as without root.",
    default: 1,
  }),
  "control-planes": flag.integer({ usage: "Control planes; one so far.", default: 1 }),
  "data-dir": flag.text({ usage: "Where the cluster keeps its data." }),
  port: flag.text({ usage: "Port of the API server; default a free one, which is kept." }),
  datastore: flag.text({ usage: "sqlite, memory, etcd, or etcd=URL[,URL…].", default: "sqlite" }),
  "etcd-cafile": flag.text({ usage: "Authority of the etcd of --datastore." }),
  "etcd-certfile": flag.text({ usage: "Client certificate for the etcd of --datastore." }),
  "etcd-keyfile": flag.text({ usage: "Key of --etcd-certfile." }),
  foreground: flag.boolean({ usage: "Stays until interrupted, then stops the cluster." }),
};

export function upHelp(): string {
  const about = "Makes a cluster, or starts it again, and returns when it is Ready.";
  return renderHelp({ command: "k8ts up", about, groups: { Cluster: clusterFlags, ...upFlagGroups } });
}
