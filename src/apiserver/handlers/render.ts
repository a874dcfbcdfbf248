import type { KubeObject } from "../../apimachinery/index.ts";
import { CacheEntry } from "../cacher/entry.ts";
import { bytesOf } from "../cacher/sorted-entries.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import type { ApiResponse } from "../http/exchange.ts";
import { bytesReply, jsonReply } from "../http/reply.ts";
import { nextTurn } from "../http/turns.ts";
import type { Page } from "../registry/reads.ts";
import type { Representable } from "../registry/resource-registry.ts";
import { type Accepted, mediaTypes, wrongProjection } from "./negotiation.ts";
import { partialListProtobuf, partialProtobuf } from "./partial-protobuf.ts";
import { closeEnvelope, envelopeHead, envelopeTail, field, fieldHead } from "./protobuf-envelope.ts";
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
    throw wrongProjection(served.descriptor.group, served.descriptor.gvk.kind, false);
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
  if (accepted.media === "protobuf") return protobufList(served, page);
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
    const type = { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${accepted.version}` };
    return renderValue({ ...type, metadata, items: partialItems(objects, accepted.version) }, accepted);
  }
  if (served.descriptor.jsonOnly !== true) {
    return renderValue({ ...listType(served), metadata, items: objects.map(bare) }, accepted);
  }
  return renderValue({ ...listType(served), metadata: listMeta(page, true), items: objects }, accepted);
}

/** Upstream's list of them has none where it is empty. */
export function partialItems(objects: readonly KubeObject[], version: string): readonly unknown[] | null {
  return objects.length === 0 ? null : objects.map((object) => partial(object, version));
}

/** Items of a list carry no kind of their own, unless they are custom resources. */
export function bare(object: KubeObject): unknown {
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
  return rest;
}

export function listType(served: ServedResource): { readonly kind: string; readonly apiVersion: string } {
  const { facts, gvk } = served.descriptor;
  return { kind: facts.list ?? `${gvk.kind}List`, apiVersion: apiVersionOf(gvk) };
}

function listMeta(page: Page, custom = false): Record<string, unknown> {
  return {
    // Upstream's lists of custom resources are maps, which say so too when there is no more.
    ...(custom && page.continueToken === undefined ? { continue: "" } : {}),
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
    `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(listMeta(page, served.descriptor.jsonOnly === true))},"items":[`,
  );
}

const listTail = Buffer.from("]}\n");

/** Consecutive entries, whose items take so many bytes with a comma before each. */
interface Run {
  readonly entries: readonly CacheEntry[];
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** The cache's own bytes, chunk by chunk as the client reads them: nothing is encoded, and nothing piles up. */
function joinedList(served: ServedResource, page: Page): ApiResponse {
  const runs = page.segments.map(({ chunk, from, to }) => ({
    entries: chunk.entries,
    from,
    to,
    bytes: chunk.bytesOf(from, to),
  }));
  return listReply(served, page, runs);
}

function jsonList(served: ServedResource, page: Page, entries: readonly CacheEntry[]): ApiResponse {
  const runs: Run[] = [];
  for (let from = 0; from < entries.length; from += runEntries) {
    const to = Math.min(from + runEntries, entries.length);
    runs.push({ entries, from, to, bytes: bytesOf(entries, from, to) });
  }
  return listReply(served, page, runs);
}

const runEntries = 64;

function listReply(served: ServedResource, page: Page, runs: readonly Run[]): ApiResponse {
  const head = listHead(served, page);
  const itemHead = itemHeadOf(served);
  let length = head.length + listTail.length;
  for (const run of runs) length += bytesWith(itemHead, run);
  // Nothing stands before the first item.
  if (runs.length > 0) length -= 1;
  const parts = { [Symbol.iterator]: () => listParts(head, itemHead, runs) };
  return { status: 200, headers: { "content-type": mediaTypes.json }, body: { type: "parts", parts, length } };
}

/** All runs pass through one piece of memory, one after the other. */
function* listParts(
  head: Buffer,
  itemHead: Buffer | undefined,
  runs: readonly Run[],
): Generator<Buffer, void, undefined> {
  yield head;
  const room = Buffer.allocUnsafeSlow(runs.reduce((most, run) => Math.max(most, bytesWith(itemHead, run)), 0));
  let isFirst = true;
  for (const run of runs) {
    if (itemHead === undefined) writeItems(room, run.entries, run.from, run.to);
    else writeWholeItems(room, itemHead, run);
    yield room.subarray(isFirst ? 1 : 0, bytesWith(itemHead, run));
    isFirst = false;
  }
  yield listTail;
}

/** What begins each item of custom resources, in place of its brace. */
function itemHeadOf({ descriptor: { gvk, jsonOnly } }: ServedResource): Buffer | undefined {
  if (jsonOnly !== true) return undefined;
  const type = JSON.stringify({ kind: gvk.kind, apiVersion: apiVersionOf(gvk) });
  return Buffer.from(`${type.slice(0, -1)},`);
}

function bytesWith(itemHead: Buffer | undefined, { bytes, from, to }: Run): number {
  return itemHead === undefined ? bytes : bytes + (to - from) * (itemHead.length - 1);
}

/** Each with a comma before it. */
function writeWholeItems(target: Buffer, itemHead: Buffer, { entries, from, to }: Run): void {
  let at = 0;
  for (let index = from; index < to; index += 1) {
    const { item } = entries[index] as CacheEntry;
    target[at] = comma;
    target.set(itemHead, at + 1);
    target.set(item.subarray(1), at + 1 + itemHead.length);
    at += item.length + itemHead.length;
  }
}

/** Each with a comma before it. */
function writeItems(target: Buffer, entries: readonly CacheEntry[], from: number, to: number): void {
  let at = 0;
  for (let index = from; index < to; index += 1) {
    const { item } = entries[index] as CacheEntry;
    target[at] = comma;
    target.set(item, at + 1);
    at += item.length + 1;
  }
}

/** `PodList { metadata = 1, items = 2 }`. Items are encoded once per revision, and kept. */
async function protobufList(served: ServedResource, page: Page): Promise<ApiResponse> {
  const entries = await entriesOfPage(served, page);
  const meta = field(1, protobufListMeta(page));
  let rawLength = meta.length;
  for (const [index, entry] of entries.entries()) {
    const { length } = protobufItem(served, entry);
    rawLength += fieldHead(2, length).length + length;
    // Thousands of them take seconds the first time: others get their turn in between.
    if (index % runEntries === runEntries - 1) await nextTurn();
  }
  const { kind, apiVersion } = listType(served);
  const head = Buffer.concat([envelopeHead(apiVersion, kind, rawLength), meta]);
  const length = head.length - meta.length + rawLength + envelopeTail.length;
  const parts = { [Symbol.iterator]: () => protobufParts(served, head, entries) };
  return { status: 200, headers: { "content-type": mediaTypes.protobuf }, body: { type: "parts", parts, length } };
}

function* protobufParts(
  served: ServedResource,
  head: Buffer,
  entries: readonly CacheEntry[],
): Generator<Buffer, void, undefined> {
  yield head;
  for (let from = 0; from < entries.length; from += runEntries) {
    const pieces: Uint8Array[] = [];
    for (const entry of entries.slice(from, from + runEntries)) {
      const bytes = protobufItem(served, entry);
      pieces.push(fieldHead(2, bytes.length), bytes);
    }
    yield Buffer.concat(pieces);
  }
  yield envelopeTail;
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
