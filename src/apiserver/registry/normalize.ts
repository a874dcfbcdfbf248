import type { KubeObject } from "../../apimachinery/index.ts";
import { asBuffer } from "../cacher/shape.ts";
import { openEnvelope } from "../handlers/protobuf-envelope.ts";
import type { ResourceDescriptor } from "./contract.ts";

/** Any stored form as this server writes it: JSON in the kind's field order, without a resource version. */
export function normalizer(
  descriptor: Pick<ResourceDescriptor, "storageCodec" | "storageVersion">,
): (value: Uint8Array) => Buffer {
  const { storageCodec } = descriptor;
  return (value) => {
    const object = decodeStored(descriptor, value);
    delete object.metadata.resourceVersion;
    return Buffer.from(storageCodec.encode(object));
  };
}

function decodeStored(
  { storageCodec, storageVersion }: Pick<ResourceDescriptor, "storageCodec" | "storageVersion">,
  value: Uint8Array,
): KubeObject {
  const { group, version, kind } = storageVersion;
  const envelope = openEnvelope(value);
  const object =
    envelope === undefined
      ? storageCodec.decode(asBuffer(value).toString(), { unknownFields: "ignore" }).object
      : storageCodec.decodeProtobuf(envelope.raw);
  object.apiVersion = group === "" ? version : `${group}/${version}`;
  object.kind = kind;
  storageCodec.applyDefaults(object);
  return object;
}
