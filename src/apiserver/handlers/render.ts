import { type KubeObject, newNotAcceptable } from "../../apimachinery/index.ts";
import { CacheEntry } from "../cacher/entry.ts";
import type { Segment } from "../cacher/range.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { bytesReply, jsonReply } from "../http/reply.ts";
import type { Page } from "../registry/reads.ts";
import type { Representable } from "../registry/resource-registry.ts";
import { type Accepted, mediaTypes } from "./negotiation.ts";
import { partialListProtobuf, partialProtobuf } from "./partial-protobuf.ts";
import { closeEnvelope, field, fieldHead } from "./protobuf-envelope.ts";
import type { ServedResource } from "./served.ts";
import { type IncludeObject, partial, tableOf, tableRow } from "./table.ts";
import { toYaml } from "./yaml.ts";

export interface RenderOptions {
  readonly accepted: Accepted;
  readonly include: IncludeObject;
  readonly nowMs: number;
}

const lineFeed = Buffer.from("\n");
const comma = 0x2c;

/** One object in the form the client asked for. */
export function renderObject(
  served: ServedResource,
  object: Representable,
  options: RenderOptions,
  status = 200,
): ApiResponse {
  const { accepted } = options;
  if (accepted.projection === "table") {
    const rows = [tableRow(served.descriptor, object.object, options.include, options.nowMs, accepted.version)];
    const { resourceVersion } = object.object.metadata;
    return renderValue(
      tableOf(served.descriptor, { metadata: { resourceVersion }, rows, columns: true, version: accepted.version }),
      accepted,
      status,
    );
  }
  if (accepted.projection === "metadata" && accepted.media === "protobuf")
    return bytesReply(status, mediaTypes.protobuf, partialProtobuf(object.object, accepted.version));
  if (accepted.projection === "metadata")
    return renderValue(partial(object.object, accepted.version), accepted, status);
  if (accepted.projection === "metadata-list")
    throw newNotAcceptable([mediaTypes.json, mediaTypes.yaml, mediaTypes.protobuf]);
  if (accepted.media === "protobuf") return bytesReply(status, mediaTypes.protobuf, protobufOf(served, object));
  if (accepted.media === "yaml") return renderValue(object.object, accepted, status);
  const bytes =
    object instanceof CacheEntry
      ? Buffer.concat([object.shape.head, object.item.subarray(1), lineFeed])
      : Buffer.concat([object.json, lineFeed]);
  return bytesReply(status, mediaTypes.json, bytes);
}

/** A value that exists only for this response. */
export function renderValue(value: unknown, accepted: Accepted, status = 200): ApiResponse {
  if (accepted.media === "yaml") return bytesReply(status, mediaTypes.yaml, Buffer.from(toYaml(value)));
  return jsonReply(status, value);
}

/** The object in its protobuf envelope; made once per revision. */
export function protobufOf(served: ServedResource, object: Representable): Buffer {
  const { gvk } = served.descriptor;
  return closeEnvelope({ apiVersion: apiVersionOf(gvk), kind: gvk.kind, raw: protobufItem(served, object) });
}

function protobufItem(served: ServedResource, object: Representable): Uint8Array {
  const { codec } = served.descriptor;
  if (!(object instanceof CacheEntry)) return codec.encodeProtobuf(object.object);
  let bytes = object.extra.get("protobuf") as Uint8Array | undefined;
  if (bytes === undefined) {
    bytes = codec.encodeProtobuf(object.object);
    object.extra.set("protobuf", bytes);
  }
  return bytes;
}

export async function renderList(served: ServedResource, page: Page, options: RenderOptions): Promise<ApiResponse> {
  const { accepted } = options;
  if (accepted.projection !== "whole" || accepted.media === "yaml") return renderListValue(served, page, options);
  if (accepted.media === "protobuf") return protobufList(served, await viewsOf(served, page));
  return served.registry.representation.direct
    ? joinedList(served, page)
    : jsonList(served, page, await entriesOfPage(served, page));
}

async function renderListValue(served: ServedResource, page: Page, options: RenderOptions): Promise<ApiResponse> {
  const { accepted, include, nowMs } = options;
  const objects = (await entriesOfPage(served, page)).map((entry) => entry.object);
  const metadata = listMeta(page);
  if (accepted.projection === "table") {
    const rows = objects.map((object) => tableRow(served.descriptor, object, include, nowMs, accepted.version));
    return renderValue(
      tableOf(served.descriptor, { metadata, rows, columns: true, version: accepted.version }),
      accepted,
    );
  }
  if (accepted.projection !== "whole" && accepted.media === "protobuf") {
    const bytes = partialListProtobuf(objects, protobufListMeta(page), accepted.version);
    return bytesReply(200, mediaTypes.protobuf, bytes);
  }
  if (accepted.projection !== "whole") {
    const items = objects.map((object) => partial(object, accepted.version));
    return renderValue(
      { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${accepted.version}`, metadata, items },
      accepted,
    );
  }
  return renderValue({ ...listType(served), metadata, items: objects.map(bare) }, accepted);
}

/** Items of a list carry no kind of their own. */
function bare(object: KubeObject): unknown {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return rest;
}

export function listType(served: ServedResource): { readonly kind: string; readonly apiVersion: string } {
  const { facts, gvk } = served.descriptor;
  return { kind: facts.list ?? `${gvk.kind}List`, apiVersion: apiVersionOf(gvk) };
}

function listMeta(page: Page): Record<string, unknown> {
  return {
    resourceVersion: String(page.revision),
    ...(page.continueToken === undefined ? {} : { continue: page.continueToken }),
    ...(page.remaining === undefined || page.remaining === 0 ? {} : { remainingItemCount: page.remaining }),
  };
}

export async function entriesOfPage(served: ServedResource, page: Page): Promise<readonly CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for (const { chunk, from, to } of page.segments)
    for (let index = from; index < to; index += 1) entries.push(chunk.entries[index] as CacheEntry);
  return served.registry.representation.all(entries);
}

function listHead(served: ServedResource, page: Page): Buffer {
  const { kind, apiVersion } = listType(served);
  return Buffer.from(
    `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(listMeta(page))},"items":[`,
  );
}

const listTail = Buffer.from("]}\n");

/** The cache's own bytes, whole chunks at a time; nothing is encoded. */
function joinedList(served: ServedResource, page: Page): ApiResponse {
  const parts: Uint8Array[] = [listHead(served, page)];
  for (const segment of page.segments) parts.push(segmentBytes(segment));
  // Each segment starts with a comma; the first one has nothing before it.
  if (parts[1] !== undefined) parts[1] = parts[1].subarray(1);
  parts.push(listTail);
  return partsReply(mediaTypes.json, parts);
}

function segmentBytes({ chunk, from, to, whole }: Segment): Buffer {
  return whole ? chunk.joined : joinItems(chunk.entries, from, to);
}

function joinItems(entries: readonly CacheEntry[], from: number, to: number): Buffer {
  let length = 0;
  for (let index = from; index < to; index += 1) length += (entries[index] as CacheEntry).item.length + 1;
  const joined = Buffer.allocUnsafe(length);
  let at = 0;
  for (let index = from; index < to; index += 1) {
    const { item } = entries[index] as CacheEntry;
    joined[at] = comma;
    joined.set(item, at + 1);
    at += item.length + 1;
  }
  return joined;
}

function jsonList(served: ServedResource, page: Page, entries: readonly CacheEntry[]): ApiResponse {
  const body = entries.length === 0 ? Buffer.alloc(0) : joinItems(entries, 0, entries.length).subarray(1);
  return partsReply(mediaTypes.json, [listHead(served, page), body, listTail]);
}

interface Views {
  readonly page: Page;
  readonly entries: readonly CacheEntry[];
}

async function viewsOf(served: ServedResource, page: Page): Promise<Views> {
  return { page, entries: await entriesOfPage(served, page) };
}

/** `PodList { metadata = 1, items = 2 }`. */
function protobufList(served: ServedResource, { page, entries }: Views): ApiResponse {
  const items = entries.flatMap((entry) => {
    const bytes = protobufItem(served, entry);
    return [fieldHead(2, bytes.length), bytes];
  });
  const raw = Buffer.concat([field(1, protobufListMeta(page)), ...items]);
  const { kind, apiVersion } = listType(served);
  return bytesReply(200, mediaTypes.protobuf, closeEnvelope({ apiVersion, kind, raw }));
}

/** `ListMeta { selfLink = 1, resourceVersion = 2, continue = 3, remainingItemCount = 4 }`. */
function protobufListMeta(page: Page): Buffer {
  return Buffer.concat([
    field(1, Buffer.alloc(0)),
    field(2, Buffer.from(String(page.revision))),
    field(3, Buffer.from(page.continueToken ?? "")),
    ...(page.remaining === undefined || page.remaining === 0 ? [] : [remainingField(page.remaining)]),
  ]);
}

function remainingField(count: number): Buffer {
  const bytes = [0x20];
  let rest = count;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function partsReply(contentType: string, parts: readonly Uint8Array[]): ApiResponse {
  let length = 0;
  for (const part of parts) length += part.length;
  return { status: 200, headers: { "content-type": contentType }, body: { type: "parts", parts, length } };
}
