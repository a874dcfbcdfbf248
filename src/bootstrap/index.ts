import type { Command } from "../base/index.ts";

export type { ClusterConfig } from "./cluster/config.ts";
export { clusterId, networkId } from "./compose/ids.ts";

// Each command loads only what it needs: the supervisor stays small, and `status` quick.
export const up = lazily(async () => (await import("./commands/up.ts")).up);
export const down = lazily(async () => (await import("./commands/down.ts")).down);
export const status = lazily(async () => (await import("./commands/status.ts")).status);
export const logs = lazily(async () => (await import("./commands/logs.ts")).logs);
export const image = lazily(async () => (await import("./commands/image.ts")).image);
export const supervisor = lazily(async () => (await import("./supervisor/supervisor.ts")).supervisor);
export const controlPlane = lazily(async () => (await import("./compose/control-plane.ts")).controlPlane);
export const apiserver = lazily(async () => (await import("./components/apiserver/apiserver.ts")).apiserver);
export const controllerManager = lazily(async () => (await import("../controllers/index.ts")).controllerManagerCommand);
export const node = lazily(async () => (await import("./compose/node.ts")).node);

export const kubectl = lazily(async () => (await import("./commands/kubectl.ts")).kubectl);
export const scheduler = lazily(async () => (await import("../scheduler/index.ts")).schedulerCommand);
export const proxy = lazily(async () => (await import("../proxy/index.ts")).proxyCommand);
export const dns = lazily(async () => (await import("../dns/index.ts")).dnsCommand);

function lazily(load: () => Promise<Command>): Command {
  return async (args, context) => (await load())(args, context);
}
