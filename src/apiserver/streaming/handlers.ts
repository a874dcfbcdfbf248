import { posix } from "node:path";
import { newBadRequest, newInternalError } from "../../apimachinery/index.ts";
import { type Clock, messageOf } from "../../base/index.ts";
import { headerText } from "../handlers/body.ts";
import type { ResourceCall } from "../handlers/resource-handler.ts";
import type { ResourceTable } from "../handlers/served.ts";
import type { SubresourceHandler } from "../handlers/subresource-handlers.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { goEscapedPath } from "../request/go-url.ts";
import { decodedPath } from "../request/info.ts";
import type { Query } from "../request/query.ts";
import { withConnectAdmission } from "./admit-connect.ts";
import { counted, type StreamMetrics } from "./stream-metrics.ts";
import { forwarded, forwardedFor, passedOn, refusalOf, splice, streamed } from "./forward.ts";
import type { KubeletConnections, Target } from "./kubelet-connection.ts";
import { proxiedAnswer } from "./proxied-answer.ts";
import { translateRemoteCommand } from "./remote-command.ts";
import { logForPeer } from "./log-messages.ts";
import { isWebSocketUpgrade, tunnelledProtocols } from "./sub-protocols.ts";
import { kubeletOf, type MayProxyTo, nodeTarget, type PodForStreaming, podTarget, serviceTarget } from "./targets.ts";
import { tunnelSpdy } from "./tunnel.ts";

export interface StreamingOptions {
  readonly connections: KubeletConnections;
  readonly table: ResourceTable;
  readonly random: { next(): number };
  readonly clock: Clock;
  readonly metrics?: StreamMetrics;
  /** Which addresses of pods and nodes clients are led to. */
  readonly mayProxyTo: MayProxyTo;
}

/** Subresources that reach into nodes and pods: log, exec, attach, portforward, proxy. */
export function streamingHandlers(options: StreamingOptions): Readonly<Record<string, SubresourceHandler>> {
  const { mayProxyTo } = options;
  return withConnectAdmission({
    "/pods/log": async (call) => logForPeer(call.request, await podLog(call, options), options.clock),
    "/pods/exec": (call) => podStream(call, options, "exec"),
    "/pods/attach": (call) => podStream(call, options, "attach"),
    "/pods/portforward": (call) => podStream(call, options, "portForward"),
    "/pods/proxy": async (call) => {
      const { namespace, name } = call.context.info;
      return proxied(call, options, await podTarget(options.table, namespace, name, mayProxyTo, call.context.signal));
    },
    "/services/proxy": async (call) => {
      const { namespace, name } = call.context.info;
      return proxied(call, options, await serviceTarget(options, namespace, name, call.context.signal));
    },
    "/nodes/proxy": async (call) => {
      const { name } = call.context.info;
      return proxied(call, options, await nodeTarget(options.table, name, mayProxyTo, call.context.signal));
    },
  });
}

async function podOf(call: ResourceCall): Promise<PodForStreaming> {
  const { namespace, name } = call.context.info;
  return (await call.served.registry.get(namespace, name, undefined, call.context.signal)).object as PodForStreaming;
}

/** The container asked for, or the only one. Upstream's words when that is not clear. */
function containerOf(pod: PodForStreaming, asked: string): string {
  const names = (list: readonly { readonly name: string }[] | undefined): readonly string[] =>
    (list ?? []).map(({ name }) => name);
  const { containers, initContainers, ephemeralContainers } = pod.spec;
  const podName = pod.metadata.name ?? "";
  if (asked === "") {
    const [first, ...others] = names(containers);
    if (first === undefined) throw newBadRequest(`a container name must be specified for pod ${podName}`);
    if (others.length === 0) return first;
    const init = names(initContainers);
    const ephemeral = names(ephemeralContainers);
    const choices = [
      `a container name must be specified for pod ${podName}, choose one of: [${names(containers).join(" ")}]`,
      ...(init.length === 0 ? [] : [` or one of the init containers: [${init.join(" ")}]`]),
      ...(ephemeral.length === 0 ? [] : [` or one of the ephemeral containers: [${ephemeral.join(" ")}]`]),
    ];
    throw newBadRequest(choices.join(""));
  }
  const known = [...names(containers), ...names(initContainers), ...names(ephemeralContainers)];
  if (!known.includes(asked)) throw newBadRequest(`container ${asked} is not valid for pod ${podName}`);
  return asked;
}

const logParameters = [
  "follow",
  "previous",
  "timestamps",
  "sinceSeconds",
  "sinceTime",
  "tailLines",
  "limitBytes",
  "stream",
] as const;

async function podLog(call: ResourceCall, { connections, table }: StreamingOptions): Promise<ApiResponse> {
  const { context, query, request } = call;
  const pod = await podOf(call);
  const container = containerOf(pod, query.get("container") ?? "");
  checkLogOptions(query);
  const headers = { "content-type": "text/plain", "x-content-type-options": "nosniff" };
  // Not yet on a node: nothing has been written.
  if ((pod.spec.nodeName ?? "") === "")
    return { status: 200, headers, body: { type: "bytes", bytes: new Uint8Array() } };
  const { namespace, name } = context.info;
  const target = await kubeletOf(table, pod.spec.nodeName ?? "", context.signal);
  const text = logParameters
    .flatMap((key) => (query.has(key) ? [`${key}=${encodeURIComponent(query.get(key) ?? "")}`] : []))
    .join("&");
  const path = `/containerLogs/${namespace}/${name}/${container}${text === "" ? "" : `?${text}`}`;
  try {
    const response = await connections.send(target, { method: "GET", path, headers: {}, signal: request.signal });
    if ((response.statusCode ?? 0) !== 200) throw await refusalOf(response, name);
    return streamed(response, headers);
  } catch (error) {
    if (error instanceof Error && error.name === "StatusError") throw error;
    throw newInternalError(`Get "https://${target.host}:${target.port}${path}": ${messageOf(error)}`);
  }
}

function checkLogOptions(query: Query): void {
  for (const key of ["tailLines", "limitBytes", "sinceSeconds"]) {
    const value = query.get(key);
    if (value !== undefined && !/^-?[0-9]+$/.test(value)) {
      throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    }
  }
  if (query.has("sinceSeconds") && query.has("sinceTime"))
    throw newBadRequest("at most one of `sinceTime` or `sinceSeconds` may be specified");
}

async function podStream(
  call: ResourceCall,
  options: StreamingOptions,
  kind: "exec" | "attach" | "portForward",
): Promise<ApiResponse> {
  const { context, query, request } = call;
  const pod = await podOf(call);
  const { namespace, name } = context.info;
  const nodeName = pod.spec.nodeName ?? "";
  if (nodeName === "") throw newBadRequest(`pod ${name} does not have a host assigned`);
  const phase = pod.status?.phase;
  if (kind !== "portForward" && (phase === "Succeeded" || phase === "Failed")) {
    throw newBadRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`);
  }
  const { connections, table } = options;
  const target = await kubeletOf(table, nodeName, context.signal);
  if (kind === "portForward") {
    const ports = query
      .all("ports")
      .map((port) => `port=${encodeURIComponent(port)}`)
      .join("&");
    const path = `/portForward/${namespace}/${name}${ports === "" ? "" : `?${ports}`}`;
    // Older clients' one channel per port is spoken by the runtime itself.
    if (isWebSocketUpgrade(request.headers) && tunnelledProtocols(request.headers).length > 0)
      return counted(options.metrics?.tunnelled, 101, () => tunnelSpdy(options, target, path, request));
    return splice(connections, target, request, path);
  }
  const container = containerOf(pod, query.get("container") ?? "");
  const path = `/${kind}/${namespace}/${name}/${container}?${streamQuery(query)}`;
  if (!isWebSocketUpgrade(request.headers)) return splice(connections, target, request, path);
  const asked = (name: string): boolean => query.flag(name);
  const wanted = { stdin: asked("stdin"), stdout: asked("stdout"), stderr: asked("stderr"), tty: asked("tty") };
  return counted(options.metrics?.translated, 200, () =>
    translateRemoteCommand(options, { target, path, wanted }, request),
  );
}

/** The kubelet has names of its own for the streams. */
function streamQuery(query: Query): string {
  const flag = (name: string, other: string): string[] => (query.flag(name) ? [`${other}=1`] : []);
  return [
    ...flag("stdin", "input"),
    ...flag("stdout", "output"),
    ...flag("stderr", "error"),
    ...flag("tty", "tty"),
    ...query.all("command").map((part) => `command=${encodeURIComponent(part)}`),
  ].join("&");
}

async function proxied(call: ResourceCall, { connections }: StreamingOptions, target: Target): Promise<ApiResponse> {
  const { context, request } = call;
  const at = request.target.indexOf("?");
  const [asked, search] = at < 0 ? [request.target, ""] : [request.target.slice(0, at), request.target.slice(at)];
  const whole = decodedPath(asked);
  const rest = context.info.parts.slice(3).join("/");
  const clean = rest === "" ? "" : posix.join("/", rest);
  const path = whole.endsWith("/") && !clean.endsWith("/") ? `${clean}/` : clean;
  const sent = path === "" ? "/" : goEscapedPath(path);
  const clientHost = headerText(request, "host") ?? headerText(request, ":authority") ?? "";
  const own = { host: clientHost, ...forwardedFor(request) };
  if (request.takeOver !== undefined) return splice(connections, target, request, sent + search, own);
  // Without the slash, links that are relative would lead out of the proxy.
  if (path === "" && (request.method === "GET" || request.method === "HEAD"))
    return { status: 301, headers: { location: `${asked}/${search}` }, body: { type: "none" } };
  const prefix = whole.slice(0, whole.length - (whole.endsWith(path) ? path.length : 0));
  const headers = { ...passedOn(request), ...own, "x-forwarded-uri": posix.join(prefix, sent) };
  const response = await forwarded(connections, target, request, sent + search, headers);
  return proxiedAnswer(response, { prefix, clientHost, targetHost: `${target.host}:${target.port}` });
}
