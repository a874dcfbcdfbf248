export {
  contextOf,
  platform,
  type RunningServer,
  type ServerStore,
  startApiserver,
  startServerStore,
} from "./apiserver-command.ts";
export { type Asked, ask } from "./ask.ts";
export * from "./control-plane.ts";
export { type EtcdOptions, type EtcdServer, eventually, skipEtcd, startEtcd, unusedPort } from "./etcd.ts";
export { type HttpsReceiver, type ReceivedRequest, startHttpsReceiver, webhookKubeconfig } from "./https-receiver.ts";
export { type Issuer, startIssuer } from "./issuer.ts";
export { refusal } from "./refusal.ts";
export { type Answer, HookServer, jsonPatch, RawAnswer, type ReviewRequest } from "./hook-server.ts";
export { type VirtualCluster, type VirtualClusterOptions, withVirtualCluster } from "./virtual-cluster.ts";
