import { type KubeObject, newFailure, newNotAcceptable, StatusError } from "../../apimachinery/index.ts";
import { entriesOf } from "../cacher/range.ts";
import { WatchCursor } from "../cacher/watch-cursor.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { tooLargeResourceVersion, tooOldResourceVersion } from "../registry/errors.ts";
import { parseSelectors, type Selection, selectionOf } from "../registry/filter.ts";
import { filterOf } from "../registry/view-filter.ts";
import { checkWatchOptions } from "../registry/list-options.ts";
import { parseResourceVersion, type ResourceRegistry } from "../registry/resource-registry.ts";
import type { Query } from "../request/query.ts";
import { watchForPeer } from "../streaming/watch-messages.ts";
import type { WatchRegister } from "./open-watches.ts";
import { integer } from "./options.ts";
import { acceptedOf, renderOptionsOf, type ResourceCall } from "./resource-handler.ts";
import type { ServedResource } from "./served.ts";
import { frameEncoder } from "./watch-frames.ts";
import { SharedFrames, WatchPump } from "./watch-pump.ts";

export interface WatchParameters {
  readonly namespace: string;
  readonly name: string;
  readonly selection: Selection | undefined;
  readonly resourceVersion: string;
  readonly sendInitialEvents: boolean | undefined;
  readonly bookmarks: boolean;
  /** 0: the server's own choice; below it the watch is over before it begins. */
  readonly timeoutSeconds: number;
  readonly signal?: AbortSignal;
}

const sharedFrames = new WeakMap<ServedResource, SharedFrames>();

export async function handleWatch(call: ResourceCall): Promise<ApiResponse> {
  return watchForPeer(call.request, await answerWatch(call), call.services.clock);
}

async function answerWatch(call: ResourceCall): Promise<ApiResponse> {
  const { served, services, context, query } = call;
  const accepted = acceptedOf(call);
  if (accepted.projection === "metadata-list") throw newNotAcceptable(["application/json;stream=watch"]);
  const parameters = watchParameters(call, query);
  const options = { accepted, include: renderOptionsOf(call).include, nowMs: () => services.clock.now() };
  const encoder = frameEncoder(served, options);
  const headers = { "content-type": encoder.contentType };
  if (parameters.timeoutSeconds < 0) return overBefore(parameters, encoder);
  let cursor: WatchCursor;
  try {
    cursor = await openWatch(served.registry, parameters);
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== 410) throw error;
    const frame = encoder.other("ERROR", error.status);
    return { status: 200, headers, body: { type: "bytes", bytes: frame } };
  }
  const shared = sharedFrames.get(served) ?? new SharedFrames();
  sharedFrames.set(served, shared);
  const observer = services.watchStarted(served, context);
  const jitter = services.random.next();
  context.annotations.set("watch", "open");
  return {
    status: 200,
    headers,
    body: {
      type: "stream",
      run: (sink) =>
        void new WatchPump(sink, {
          cache: served.registry.cache,
          cursor,
          encoder,
          representation: served.registry.representation,
          clock: services.clock,
          scheduler: services.scheduler,
          shared,
          ...(parameters.bookmarks
            ? {
                bookmark: {
                  intervalMs: services.bookmarkIntervalMs * (0.9 + jitter * 0.2),
                  make: bookmarkMaker(served),
                },
              }
            : {}),
          initialEnd: parameters.sendInitialEvents === true,
          timeoutMs:
            parameters.timeoutSeconds > 0 ? parameters.timeoutSeconds * 1000 : services.watchTimeoutMs * (1 + jitter),
          observer,
          openWatches: registerOf(call, parameters, cursor),
        }),
    },
  };
}

/** A watch whose time is up before it begins; the state that it may have asked for does not come in no time. */
function overBefore({ resourceVersion }: WatchParameters, encoder: ReturnType<typeof frameEncoder>): ApiResponse {
  const late = newFailure(500, "InternalError", "context deadline exceeded").status;
  const bytes = resourceVersion === "" ? encoder.other("ERROR", late) : new Uint8Array();
  return { status: 200, headers: { "content-type": encoder.contentType }, body: { type: "bytes", bytes } };
}

/** Upstream's watch tracker leaves out who wants one value of an indexed field. */
function registerOf(
  { services, served }: ResourceCall,
  { namespace, name, selection }: WatchParameters,
  cursor: WatchCursor,
): WatchRegister {
  if (cursor.trigger() !== undefined) return services.openWatches;
  const { group, facts } = served.descriptor;
  const one = name === "" ? (selection?.name ?? "") : name;
  return services.openWatches.counting({ group, resource: facts.name, namespace, name: one });
}

export function bookmarkMaker(served: ServedResource): (revision: number, initialEnd: boolean) => KubeObject {
  const { gvk } = served.descriptor;
  return (revision, initialEnd) => ({
    kind: gvk.kind,
    apiVersion: apiVersionOf(gvk),
    metadata: {
      resourceVersion: String(revision),
      ...(initialEnd ? { annotations: { "k8s.io/initial-events-end": "true" } } : {}),
    },
  });
}

function watchParameters({ served, context }: ResourceCall, query: Query): WatchParameters {
  const send = query.get("sendInitialEvents");
  const match = query.get("resourceVersionMatch") ?? "";
  const resourceVersion = query.get("resourceVersion") ?? "";
  const sendInitialEvents = send === undefined ? undefined : query.flag("sendInitialEvents");
  const timeoutSeconds = integer(query, "timeoutSeconds");
  integer(query, "limit");
  const selectors = parseSelectors(query.get("labelSelector"), query.get("fieldSelector"));
  const continueToken = query.get("continue") ?? "";
  checkWatchOptions({ sendInitialEvents, resourceVersion, resourceVersionMatch: match, continueToken });
  const selection = selectionOf(served.descriptor, selectors);
  if (resourceVersion !== "") parseResourceVersion(resourceVersion);
  return {
    namespace: context.info.namespace,
    // `watch/pods/name`, the old form.
    name: context.info.parts[1] ?? "",
    selection,
    resourceVersion,
    sendInitialEvents,
    bookmarks: query.flag("allowWatchBookmarks"),
    timeoutSeconds,
    signal: context.signal,
  };
}

/** Where a watch starts, by upstream's rules for `resourceVersion` and `sendInitialEvents`. Throws 410 for a lost past. */
export async function openWatch(registry: ResourceRegistry, parameters: WatchParameters): Promise<WatchCursor> {
  const { cache } = registry;
  const { resourceVersion, sendInitialEvents, selection, signal } = parameters;
  const prefix = watchPrefix(registry, parameters);
  const only = triggerOf(registry, selection);
  const filter = selection === undefined ? undefined : filterOf(registry, selection);
  const wantsState = sendInitialEvents ?? (resourceVersion === "" || resourceVersion === "0");
  if (wantsState) {
    await registry.reach(resourceVersion, signal);
    const snapshot = cache.snapshot();
    const start = {
      initial: entriesOf(snapshot, { prefix }),
      sequence: cache.ring.next,
      revision: snapshot.revision,
      ...only,
    };
    return new WatchCursor(cache, start, prefix, filter);
  }
  if (!cache.ready) await cache.start();
  if (resourceVersion === "" || resourceVersion === "0") {
    if (resourceVersion === "") await cache.fresh(signal);
    return new WatchCursor(cache, { sequence: cache.ring.next, revision: cache.revision, ...only }, prefix, filter);
  }
  const revision = parseResourceVersion(resourceVersion);
  if (revision > cache.revision + futureRevisionsMax) throw tooLargeResourceVersion(revision, cache.revision);
  const sequence = cache.ring.after(revision);
  if (sequence === undefined) throw tooOldResourceVersion(revision, cache.ring.floor);
  return new WatchCursor(cache, { sequence, revision, ...only }, prefix, filter);
}

/** A client may be ahead of this server (several servers over one store), but not by much. */
const futureRevisionsMax = 1_000_000_000;

function watchPrefix(registry: ResourceRegistry, { namespace, name, selection }: WatchParameters): string {
  const one = name === "" ? selection?.name : name;
  const prefix = registry.prefixOf(namespace);
  const exact = one !== undefined && (namespace !== "" || !registry.descriptor.facts.namespaced);
  return exact ? prefix + one : prefix;
}

/** The indexed field of which the selection wants one value. */
function triggerOf(
  registry: ResourceRegistry,
  selection: Selection | undefined,
): { readonly only?: { readonly field: string; readonly value: string } } {
  for (const [field, value] of selection?.exactFields() ?? []) {
    if (registry.cache.hasTrigger(field)) return { only: { field, value } };
  }
  return {};
}
