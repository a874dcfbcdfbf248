import { messageOf, type Network } from "../../base/index.ts";
import { isCriError, type RuntimeService } from "../../cri/index.ts";
import { bare } from "../logs/log-target.ts";
import type { ContainerStatus, Pod } from "../types.ts";
import { HttpError, type Upgrade } from "./exchange.ts";
import { proxyUpgrade } from "./stream-proxy.ts";

export interface StreamsDependencies {
  readonly network: Network;
  readonly runtime: RuntimeService;
  readonly findPod: (namespace: string, name: string) => Pod | undefined;
  readonly sandboxId: (pod: Pod) => Promise<string | undefined>;
}

/** exec, attach and portForward: asks the runtime for a URL and hands the connection over to it. */
export async function serveStream(deps: StreamsDependencies, upgrade: Upgrade): Promise<void> {
  const url = await urlFor(deps, upgrade);
  await proxyUpgrade(deps.network, new URL(url), upgrade.request, upgrade.socket, upgrade.head);
}

export function isStreamPath(path: readonly string[]): boolean {
  return path[0] === "exec" || path[0] === "attach" || path[0] === "portForward";
}

async function urlFor(deps: StreamsDependencies, { path, query }: Upgrade): Promise<string> {
  const [kind, namespace = "", name = "", ...rest] = path;
  const pod = deps.findPod(namespace, name);
  if (pod === undefined) throw new HttpError(404, `pod does not exist`);
  try {
    if (kind === "portForward") return await portForward(deps, pod, query);
    const container = rest.at(-1) ?? "";
    return await (kind === "exec" ? exec(deps, pod, container, query) : attach(deps, pod, container, query));
  } catch (error) {
    if (error instanceof HttpError) throw error;
    throw new HttpError(isCriError(error, "NotFound") ? 404 : 500, messageOf(error));
  }
}

interface Wanted {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

function wantedOf(query: URLSearchParams): Wanted {
  const is = (name: string): boolean => query.get(name) === "1" || query.get(name) === "true";
  const tty = is("tty");
  const wanted = { stdin: is("input"), stdout: is("output"), stderr: is("error") && !tty, tty };
  if (!wanted.stdin && !wanted.stdout && !wanted.stderr)
    throw new HttpError(400, "you must specify at least 1 of stdin, stdout, stderr");
  return wanted;
}

async function exec(
  { runtime }: StreamsDependencies,
  pod: Pod,
  container: string,
  query: URLSearchParams,
): Promise<string> {
  const cmd = query.getAll("command");
  const { url } = await runtime.exec({ containerId: containerIdOf(pod, container), cmd, ...wantedOf(query) });
  return url;
}

async function attach(
  { runtime }: StreamsDependencies,
  pod: Pod,
  container: string,
  query: URLSearchParams,
): Promise<string> {
  const { url } = await runtime.attach({ containerId: containerIdOf(pod, container), ...wantedOf(query) });
  return url;
}

async function portForward(
  { runtime, sandboxId }: StreamsDependencies,
  pod: Pod,
  query: URLSearchParams,
): Promise<string> {
  const podSandboxId = await sandboxId(pod);
  if (podSandboxId === undefined) throw new HttpError(404, `pod ${pod.metadata.name} does not have a sandbox`);
  const port = query
    .getAll("port")
    .flatMap((one) => one.split(","))
    .map(Number)
    .filter((one) => one > 0);
  const { url } = await runtime.portForward({ podSandboxId, port });
  return url;
}

export function containerIdOf(pod: Pod, container: string): string {
  const statuses: readonly ContainerStatus[] = [
    ...(pod.status?.containerStatuses ?? []),
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.ephemeralContainerStatuses ?? []),
  ];
  const found = statuses.find((status) => status.name === container && status.state?.running);
  if (found?.containerID === undefined) throw new HttpError(404, `container not found ("${container}")`);
  return bare(found.containerID);
}
