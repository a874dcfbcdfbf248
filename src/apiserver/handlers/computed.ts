import { type KubeObject, newNotAcceptable } from "../../apimachinery/index.ts";
import type { CacheEntry } from "../cacher/entry.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { bytesReply } from "../http/reply.ts";
import type { Selection } from "../registry/filter.ts";
import { mediaTypes } from "./negotiation.ts";
import { listParameters } from "./options.ts";
import { partialListProtobuf } from "./partial-protobuf.ts";
import { closeEnvelope, field } from "./protobuf-envelope.ts";
import { bare, listType, partialItems, renderObject, renderValue, type RenderOptions } from "./render.ts";
import type { ResourceCall } from "./resource-handler.ts";
import { tableOf, tableRow } from "./table.ts";

/** Objects that are in no store: they are made when somebody asks. They have no resource versions. */
export interface ComputedObjects {
  list(signal: AbortSignal): Promise<readonly KubeObject[]>;
  /** Throws 404. */
  get(name: string, signal: AbortSignal): Promise<KubeObject>;
}

/** `ListMeta`: no link, no resource version, nothing to continue. */
const listMeta = Buffer.concat([1, 2, 3].map((number) => field(number, Buffer.alloc(0))));

export async function getComputed(
  { served, context }: ResourceCall,
  computed: ComputedObjects,
  options: RenderOptions,
): Promise<ApiResponse> {
  const object = await computed.get(context.info.name, context.signal);
  return renderObject(served, { object, json: Buffer.from(JSON.stringify(object)) }, options);
}

export async function listComputed(
  { served, context, query }: ResourceCall,
  computed: ComputedObjects,
  options: RenderOptions,
): Promise<ApiResponse> {
  const { selection } = listParameters(served.descriptor, "", query, context.signal);
  const objects = await chosenComputed(computed, selection, context.signal);
  const { accepted, include, nowMs } = options;
  const { version } = accepted;
  if (accepted.projection === "table") {
    const rows = objects.map((object) => tableRow(served.descriptor, object, include, nowMs, version));
    return renderValue(tableOf(served.descriptor, { metadata: {}, rows, columns: true, version }), accepted);
  }
  if (accepted.projection === "metadata") throw newNotAcceptable([mediaTypes.json]);
  if (accepted.projection === "metadata-list") {
    if (accepted.media === "protobuf") {
      return bytesReply(200, mediaTypes.protobuf, partialListProtobuf(objects, listMeta, version));
    }
    const items = partialItems(objects, version);
    const type = { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}` };
    return renderValue({ ...type, metadata: {}, items }, accepted);
  }
  if (accepted.media === "protobuf") {
    const items = objects.map((object) => field(2, Buffer.from(served.descriptor.codec.encodeProtobuf(object))));
    const raw = Buffer.concat([field(1, listMeta), ...items]);
    return bytesReply(200, mediaTypes.protobuf, closeEnvelope({ ...listType(served), raw }));
  }
  return renderValue({ ...listType(served), metadata: {}, items: objects.map(bare) }, accepted);
}

export async function chosenComputed(
  computed: ComputedObjects,
  selection: Selection | undefined,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  const all = await computed.list(signal);
  return selection === undefined ? all : all.filter((object) => selection.matches(entryOf(object)));
}

/** As far as selectors look. */
function entryOf(object: KubeObject): CacheEntry {
  return {
    name: object.metadata.name ?? "",
    labels: object.metadata.labels ?? {},
    fieldValue: (read: (of: KubeObject) => string) => read(object),
  } as unknown as CacheEntry;
}
