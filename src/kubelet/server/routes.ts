import { messageOf } from "../../base/index.ts";
import { answerZPage, type ZPage, zPagePath } from "../../component/index.ts";
import type { KubeletConfiguration } from "../config.ts";
import type { Pod } from "../types.ts";
import { type ContainerLogsDependencies, serveContainerLogs } from "./container-logs.ts";
import { type Exchange, HttpError, sendJson, sendText, type Upgrade } from "./exchange.ts";
import { containerIdOf, isStreamPath, serveStream, type StreamsDependencies } from "./streams.ts";

export interface RouteDependencies extends ContainerLogsDependencies, StreamsDependencies {
  readonly configuration: KubeletConfiguration;
  readonly pods: () => readonly Pod[];
  readonly runningPods: () => Promise<readonly Pod[]>;
  /** Why the kubelet is not healthy. */
  readonly problems: () => readonly string[];
  readonly metrics: () => string;
  readonly cadvisorMetrics: () => Promise<string>;
  readonly resourceMetrics: () => Promise<string>;
  readonly probeMetrics: () => string;
  /** `/statusz` and `/flagz`. */
  readonly zPages: readonly ZPage[];
  readonly summary: (onlyCpuAndMemory: boolean) => Promise<unknown>;
}

const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** All plain requests. */
export async function route(deps: RouteDependencies, exchange: Exchange): Promise<void> {
  const { path, response, request, query } = exchange;
  switch (path[0]) {
    case "healthz":
      return serveHealth(deps, exchange);
    case "pods":
      return sendJson(response, podList(deps.pods()));
    case "runningpods":
      return sendJson(response, podList(await deps.runningPods()));
    case "containerLogs":
      return serveContainerLogs(deps, exchange);
    case "metrics":
      return serveMetrics(deps, exchange);
    case "stats":
      if (path[1] === "summary")
        return sendJson(response, await deps.summary(query.get("only_cpu_and_memory") === "true"));
      break;
    case "statusz":
    case "flagz":
      return sendZPage(deps.zPages, exchange);
    case "configz":
      return sendJson(response, { kubeletconfig: deps.configuration });
    case "run":
      if (request.method === "POST") return serveRun(deps, exchange);
      break;
    default:
      if (isStreamPath(path)) throw new HttpError(400, "Upgrade request required");
  }
  throw new HttpError(404, "404 page not found\n");
}

function sendZPage(pages: readonly ZPage[], { path, request, response }: Exchange): void {
  const page = pages.find((candidate) => zPagePath(candidate) === `/${path.join("/")}`);
  if (page === undefined) throw new HttpError(404, "404 page not found\n");
  const { status, contentType, body, headers } = answerZPage(page, request.headers.accept);
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  sendText(response, status, body, contentType);
}

export async function routeStream(deps: RouteDependencies, upgrade: Upgrade): Promise<void> {
  if (!isStreamPath(upgrade.path)) throw new HttpError(404, "404 page not found\n");
  await serveStream(deps, upgrade);
}

function podList(pods: readonly Pod[]): object {
  return { kind: "PodList", apiVersion: "v1", metadata: {}, items: pods };
}

function serveHealth(deps: RouteDependencies, { path, response }: Exchange): void {
  const problems = path[1] === "ping" ? [] : deps.problems();
  if (problems.length === 0) return sendText(response, 200, "ok");
  const lines = problems.map((problem) => `[-]${problem}`);
  return sendText(response, 500, `[+]ping ok\n${lines.join("\n")}\nhealthz check failed\n`);
}

async function serveMetrics(deps: RouteDependencies, { path, response }: Exchange): Promise<void> {
  switch (path[1]) {
    case undefined:
      return sendText(response, 200, deps.metrics(), metricsType);
    case "cadvisor":
      return sendText(response, 200, await deps.cadvisorMetrics(), metricsType);
    case "resource":
      return sendText(response, 200, await deps.resourceMetrics(), metricsType);
    case "probes":
      return sendText(response, 200, deps.probeMetrics(), metricsType);
    default:
      throw new HttpError(404, "404 page not found\n");
  }
}

async function serveRun(deps: RouteDependencies, { path, query, response, signal }: Exchange): Promise<void> {
  const [, namespace = "", name = "", ...rest] = path;
  const pod = deps.findPod(namespace, name);
  if (pod === undefined) throw new HttpError(404, "pod does not exist");
  const cmd = (query.get("cmd") ?? "").split(" ").filter((word) => word !== "");
  try {
    const done = await deps.runtime.execSync(
      { containerId: containerIdOf(pod, rest.at(-1) ?? ""), cmd },
      { signal, timeoutMs: 0 },
    );
    sendText(response, 200, Buffer.concat([done.stdout, done.stderr]).toString("utf8"));
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError(500, messageOf(error));
  }
}
