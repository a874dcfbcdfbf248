import type { Clock, Disk } from "../../base/index.ts";
import { isCriError, type RuntimeService } from "../../cri/index.ts";
import { LogError, logContainerId } from "../logs/log-target.ts";
import { parseNanoTime } from "../logs/parse.ts";
import { type LogOptions, readLog } from "../logs/reader.ts";
import type { Pod } from "../types.ts";
import { type Exchange, HttpError } from "./exchange.ts";

export interface ContainerLogsDependencies {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly runtime: RuntimeService;
  readonly findPod: (namespace: string, name: string) => Pod | undefined;
}

/** `/containerLogs/<namespace>/<pod>/<container>` with the options of PodLogOptions. */
export async function serveContainerLogs(deps: ContainerLogsDependencies, exchange: Exchange): Promise<void> {
  const [, namespace = "", podName = "", container = ""] = exchange.path;
  const { query, response, signal } = exchange;
  const options = logOptions(query, deps.clock.now());
  const pod = deps.findPod(namespace, podName);
  if (pod === undefined) throw new HttpError(404, `pod "${podName}" does not exist\n`);
  const containerId = targetOf(pod, container, query.get("previous") === "true");
  const logPath = await pathOf(deps.runtime, containerId, container, podName);
  response.writeHead(200, { "content-type": "text/plain", "x-content-type-options": "nosniff" });
  response.flushHeaders();
  const alive = async (): Promise<boolean> => {
    const found = await deps.runtime.containerStatus({ containerId }).catch(() => undefined);
    return found?.status?.state === "CONTAINER_RUNNING" || found?.status?.state === "CONTAINER_CREATED";
  };
  for await (const part of readLog({ disk: deps.disk, clock: deps.clock, alive }, logPath, options, signal)) {
    if (!response.write(part)) await drained(exchange);
    if (signal.aborted) return;
  }
  response.end();
}

function drained({ response, signal }: Exchange): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

function targetOf(pod: Pod, container: string, previous: boolean): string {
  try {
    return logContainerId(pod, container, previous);
  } catch (error) {
    if (error instanceof LogError) throw new HttpError(error.status, `${error.message}\n`);
    throw error;
  }
}

async function pathOf(runtime: RuntimeService, containerId: string, container: string, pod: string): Promise<string> {
  try {
    const found = await runtime.containerStatus({ containerId });
    const path = found.status?.logPath;
    if (path) return path;
  } catch (error) {
    if (!isCriError(error, "NotFound")) throw error;
  }
  throw new HttpError(
    404,
    `unable to retrieve container logs for containerd://${containerId} (container "${container}" of pod "${pod}")\n`,
  );
}

/** Throws 400 or 422 for values that make no sense. */
function logOptions(query: URLSearchParams, nowMs: number): LogOptions {
  const tailLines = count(query, "tailLines");
  const limitBytes = count(query, "limitBytes");
  const sinceSeconds = count(query, "sinceSeconds");
  const sinceTime = query.get("sinceTime");
  const since = sinceTime ? parseNanoTime(sinceTime) : undefined;
  if (sinceTime && since === undefined) throw new HttpError(400, `{"message": "Unable to decode query."}\n`);
  const stream = query.get("stream") ?? "All";
  if (stream !== "All" && stream !== "Stdout" && stream !== "Stderr")
    throw new HttpError(422, `{"message": "Invalid request."}\n`);
  return {
    follow: query.get("follow") === "true",
    tailLines,
    limitBytes,
    sinceNanos: sinceSeconds === undefined ? since : BigInt(nowMs - sinceSeconds * 1000) * 1_000_000n,
    timestamps: query.get("timestamps") === "true",
    stream,
  };
}

function count(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw new HttpError(400, `{"message": "Unable to decode query."}\n`);
  return value < 0 ? undefined : value;
}
