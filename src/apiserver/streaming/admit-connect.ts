import { type KubeObject, newBadRequest, semanticEqual } from "../../apimachinery/index.ts";
import type { ResourceCall } from "../handlers/resource-handler.ts";
import type { SubresourceHandler } from "../handlers/subresource-handlers.ts";
import { Query } from "../request/query.ts";

type Options = Readonly<Record<string, unknown>>;
type OptionsOf = (call: ResourceCall) => Options;

/** Exec and attach always count as asking for output: so does upstream's defaulting of their options. */
function terminal({ query }: ResourceCall): Options {
  const container = query.get("container") ?? "";
  return {
    ...(query.flag("stdin") ? { stdin: true } : {}),
    ...{ stdout: true, stderr: true },
    ...(query.flag("tty") ? { tty: true } : {}),
    ...(container === "" ? {} : { container }),
  };
}

function ports({ query }: ResourceCall): Options {
  const all = query.all("ports").flatMap((text) => text.split(","));
  const odd = all.find((text) => !/^[+-]?\d+$/.test(text));
  if (odd !== undefined) throw newBadRequest(`strconv.ParseInt: parsing ${JSON.stringify(odd)}: invalid syntax`);
  return all.length === 0 ? {} : { ports: all.map(Number) };
}

function proxied({ context: { info } }: ResourceCall): Options {
  const below = info.parts.slice(3).join("/");
  const path = `${below === "" ? "" : "/"}${below}${info.path.endsWith("/") ? "/" : ""}`;
  return path === "" ? {} : { path };
}

/** By resource and subresource: the kind that stands for the request, and what it says. */
const connections: Readonly<Record<string, { readonly kind: string; readonly optionsOf: OptionsOf }>> = {
  "/pods/exec": {
    kind: "PodExecOptions",
    optionsOf: (call) => ({ ...terminal(call), command: call.query.all("command") }),
  },
  "/pods/attach": { kind: "PodAttachOptions", optionsOf: terminal },
  "/pods/portforward": { kind: "PodPortForwardOptions", optionsOf: ports },
  "/pods/proxy": { kind: "PodProxyOptions", optionsOf: proxied },
  "/services/proxy": { kind: "ServiceProxyOptions", optionsOf: proxied },
  "/nodes/proxy": { kind: "NodeProxyOptions", optionsOf: proxied },
};

/** Puts admission of CONNECT before the handlers that have it. Upstream: `ConnectResource`. */
export function withConnectAdmission(
  handlers: Readonly<Record<string, SubresourceHandler>>,
): Readonly<Record<string, SubresourceHandler>> {
  return Object.fromEntries(
    Object.entries(handlers).map(([path, handler]) => [path, path in connections ? admitted(path, handler) : handler]),
  );
}

/** What webhooks and policies change of a connection's options is what is asked for. */
function changedBy(call: ResourceCall, before: Options, after: Options): ResourceCall {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => name !== "path" && !semanticEqual(before[name], after[name]),
  );
  if (changed.length === 0) return call;
  const kept = [...call.query.names()]
    .filter((name) => !changed.includes(name))
    .flatMap((name) => call.query.all(name).map((value) => [name, value]));
  const given = changed.flatMap((name) => [after[name] ?? []].flat().map((value) => [name, String(value)]));
  const text = [...kept, ...given].map(([name = "", value = ""]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return { ...call, query: new Query(text) };
}

function admitted(path: string, handler: SubresourceHandler): SubresourceHandler {
  const connection = connections[path];
  if (connection === undefined) return handler;
  const { kind, optionsOf } = connection;
  return async (call) => {
    if (call.query.all("dryRun").some((value) => value !== "")) throw newBadRequest("dryRun is not supported");
    const { context, served } = call;
    const { namespace, name, subresource } = context.info;
    const { admission } = served.registry;
    // It has no metadata, upstream neither.
    const asked: Options = { kind, apiVersion: "v1", ...optionsOf(call) };
    const attributes = {
      ...served.registry.attributes(
        "CONNECT",
        { context, dryRun: false, options: undefined },
        { namespace, name, subresource, object: asked as unknown as KubeObject, oldObject: undefined },
      ),
      kind: { group: "", version: "v1", kind },
    };
    const before = structuredClone(asked);
    await admission.admit(attributes);
    const admitted = attributes.object as unknown as Options;
    await admission.validate(attributes);
    return handler(changedBy(call, before, admitted));
  };
}
