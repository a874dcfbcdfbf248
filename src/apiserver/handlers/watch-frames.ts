import type { KubeObject } from "../../apimachinery/index.ts";
import type { CacheEntry } from "../cacher/entry.ts";
import type { Change, ChangeType } from "../cacher/event-ring.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import { type Accepted, mediaTypes } from "./negotiation.ts";
import { partialProtobuf } from "./partial-protobuf.ts";
import { closeEnvelope, field } from "./protobuf-envelope.ts";
import { protobufOf } from "./render.ts";
import type { ServedResource } from "./served.ts";
import { type IncludeObject, partial, tableOf, tableRow } from "./table.ts";
import { protobufStatus } from "./status-media.ts";

/** Turns changes into frames of one encoding. Frames of the same name are the same for all watchers. */
export interface FrameEncoder {
  readonly name: string;
  readonly contentType: string;
  entry(type: ChangeType, entry: CacheEntry): Buffer;
  /** An object that is no state of the resource: a bookmark, or a Status for an error. */
  other(type: "BOOKMARK" | "ERROR", object: unknown): Buffer;
}

export interface FrameOptions {
  readonly accepted: Accepted;
  readonly include: IncludeObject;
  readonly nowMs: () => number;
}

const jsonTail = Buffer.from("}\n");
const jsonHeads: Readonly<Record<ChangeType, Buffer>> = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};

export function frameEncoder(served: ServedResource, options: FrameOptions): FrameEncoder {
  const { media, projection } = options.accepted;
  if (projection === "metadata" && media === "protobuf")
    return protobufMetadataFrames(served, options.accepted.version);
  if (projection !== "whole") return projectedFrames(served, options);
  if (media === "protobuf") return protobufFrames(served);
  return jsonFrames(served);
}

function nameOf(served: ServedResource, encoding: string): string {
  return served.registry.representation.direct ? encoding : `${encoding} ${served.descriptor.version}`;
}

function jsonFrames(served: ServedResource): FrameEncoder {
  return {
    name: nameOf(served, "json"),
    contentType: mediaTypes.json,
    entry: (type, entry) => Buffer.concat([jsonHeads[type], entry.shape.head, entry.item.subarray(1), jsonTail]),
    other: jsonOther,
  };
}

function jsonOther(type: string, object: unknown): Buffer {
  return Buffer.from(`${JSON.stringify({ type, object })}\n`);
}

/** Four bytes of length, then `WatchEvent { type = 1, object = 2 { raw = 1 } }` without an envelope. */
function protobufFrame(type: string, object: Uint8Array): Buffer {
  const event = Buffer.concat([field(1, Buffer.from(type)), field(2, field(1, object))]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

function protobufMetadataFrames(served: ServedResource, version: string): FrameEncoder {
  return {
    name: nameOf(served, `protobuf metadata ${version}`),
    contentType: `${mediaTypes.protobuf};stream=watch`,
    entry: (type, entry) => protobufFrame(type, partialProtobuf(entry.object, version)),
    other: (type, object) =>
      protobufFrame(
        type,
        type === "BOOKMARK" ? partialProtobuf(object as KubeObject, version) : protobufStatus(object as object),
      ),
  };
}

function protobufFrames(served: ServedResource): FrameEncoder {
  const frame = protobufFrame;
  const { codec, gvk } = served.descriptor;
  return {
    name: nameOf(served, "protobuf"),
    contentType: `${mediaTypes.protobuf};stream=watch`,
    entry: (type, entry) => frame(type, protobufOf(served, entry)),
    other: (type, object) =>
      type === "BOOKMARK"
        ? frame(
            type,
            closeEnvelope({
              apiVersion: apiVersionOf(gvk),
              kind: gvk.kind,
              raw: codec.encodeProtobuf(object as never),
            }),
          )
        : frame(type, protobufStatus(object as object)),
  };
}

/** Tables and partial metadata. The first table of a watch names the columns. */
function projectedFrames(served: ServedResource, { accepted, include, nowMs }: FrameOptions): FrameEncoder {
  const { descriptor } = served;
  let first = true;
  const project = (object: KubeObject): unknown => {
    if (accepted.projection !== "table") return partial(object, accepted.version);
    const rows = [tableRow(descriptor, object, include, nowMs(), accepted.version)];
    const { resourceVersion } = object.metadata;
    const table = tableOf(descriptor, {
      metadata: { resourceVersion },
      rows,
      columns: first,
      version: accepted.version,
    });
    first = false;
    return table;
  };
  return {
    // A table's cells depend on the time and on what this watcher has been told: never shared.
    name: accepted.projection === "table" ? "" : nameOf(served, "metadata"),
    contentType: mediaTypes.json,
    entry: (type, entry) => jsonOther(type, project(entry.object)),
    other: (type, object) => jsonOther(type, type === "BOOKMARK" ? project(object as KubeObject) : object),
  };
}

/** The frame of a change, shared unless the encoder says otherwise. */
export function frameOf(
  encoder: FrameEncoder,
  type: ChangeType,
  entry: CacheEntry,
  change: Change | undefined,
): Buffer {
  if (change === undefined || encoder.name === "") return encoder.entry(type, entry);
  return change.frame(`${type} ${encoder.name}`, () => encoder.entry(type, entry));
}
