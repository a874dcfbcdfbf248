import type { ClusterConfig } from "../cluster/config.ts";

const image = "k8ts.local/busybox:1";

/** What `up` says when the cluster is ready: what there is, and what to type next. */
export function greeting({ name, port, nodes }: ClusterConfig, isRoot: boolean, seconds: string): string {
  const flag = name === "default" ? "" : ` --name ${name}`;
  const list = (rows: readonly (readonly [command: string, effect: string])[]) =>
    rows.map(([command, effect]) => `  ./k8ts ${`${command}${flag}`.padEnd(20 + flag.length)}${effect}`);
  return [
    `Cluster ${name} is ready after ${seconds} s: ${extent(nodes.length, isRoot)}, API server at https://127.0.0.1:${port}.`,
    `kubectl now uses the context k8ts-${name}. Next, for example:`,
    "",
    ...(nodes.length === 0 ? withoutNodes : withNodes),
    "",
    ...list([
      ["status", "what runs"],
      ...(nodes.length === 0 ? [] : ([["image import FILE", "bring your own image"]] as const)),
      ["down", "stop, keep data"],
      ["down --delete", "remove everything"],
    ]),
  ].join("\n");
}

function extent(nodes: number, isRoot: boolean): string {
  if (nodes === 0) return isRoot ? "a control plane without nodes" : "a control plane (nodes need root)";
  return nodes === 1 ? "one node" : `${nodes} nodes`;
}

const withNodes = [
  "  kubectl get nodes -o wide",
  `  kubectl create deployment web --image=${image} --replicas=2 -- httpd -f -p 8080`,
  "  kubectl expose deployment web --port=80 --target-port=8080",
  "  kubectl get pods --watch",
];

const withoutNodes = [
  "  kubectl get namespaces",
  "  kubectl create configmap greeting --from-literal=hello=world",
  "  kubectl api-resources",
];
