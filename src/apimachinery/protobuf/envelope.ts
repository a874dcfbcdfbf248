import { DecodeError } from "../schema/contract.ts";
import { ProtobufReader } from "./reader.ts";
import { ReverseWriter } from "./reverse-writer.ts";
import { keyOf, wireBytes } from "./wire.ts";

/** `k8s` and a zero byte: what upstream's protobuf begins with, on the wire and in etcd. */
export const envelopePrefix: Uint8Array = Uint8Array.of(0x6b, 0x38, 0x73, 0x00);

/** `runtime.Unknown`: an object's bytes with the name of its kind. */
export interface Envelope {
  readonly apiVersion: string;
  readonly kind: string;
  /** The object as its kind's `encodeProtobuf` writes it. */
  readonly raw: Uint8Array;
  /** Empty for protobuf. */
  readonly contentType: string;
  readonly contentEncoding: string;
}

export function isEnvelope(bytes: Uint8Array): boolean {
  return bytes.length >= envelopePrefix.length && envelopePrefix.every((byte, index) => bytes[index] === byte);
}

export function encodeEnvelope(of: Pick<Envelope, "apiVersion" | "kind">, raw: Uint8Array): Uint8Array {
  const writer = new ReverseWriter();
  writer.string(keyOf(4, wireBytes), "");
  writer.string(keyOf(3, wireBytes), "");
  writer.raw(keyOf(2, wireBytes), raw);
  const before = writer.written;
  writer.string(keyOf(2, wireBytes), of.kind);
  writer.string(keyOf(1, wireBytes), of.apiVersion);
  writer.endMessage(keyOf(1, wireBytes), before);
  const body = writer.finish();
  const bytes = new Uint8Array(envelopePrefix.length + body.length);
  bytes.set(envelopePrefix);
  bytes.set(body, envelopePrefix.length);
  return bytes;
}

/** Throws `DecodeError` for what is no envelope. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  if (!isEnvelope(bytes)) {
    throw new DecodeError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  const reader = new ProtobufReader(bytes.subarray(envelopePrefix.length));
  let typeMeta = { apiVersion: "", kind: "" };
  let [raw, contentEncoding, contentType] = [new Uint8Array(), "", ""];
  while (reader.at < reader.length) {
    const key = reader.varint();
    if (key === keyOf(1, wireBytes)) typeMeta = readTypeMeta(reader, reader.end(reader.length));
    else if (key === keyOf(2, wireBytes)) raw = Uint8Array.from(reader.raw(reader.length));
    else if (key === keyOf(3, wireBytes)) contentEncoding = reader.string(reader.length);
    else if (key === keyOf(4, wireBytes)) contentType = reader.string(reader.length);
    else reader.skip(key, reader.length);
  }
  return { ...typeMeta, raw, contentType, contentEncoding };
}

function readTypeMeta(reader: ProtobufReader, end: number): { apiVersion: string; kind: string } {
  const typeMeta = { apiVersion: "", kind: "" };
  while (reader.at < end) {
    const key = reader.varint();
    if (key === keyOf(1, wireBytes)) typeMeta.apiVersion = reader.string(end);
    else if (key === keyOf(2, wireBytes)) typeMeta.kind = reader.string(end);
    else reader.skip(key, end);
  }
  return typeMeta;
}

/** `metav1.WatchEvent`, whose object is itself an envelope. On a stream each event is preceded by its length in four bytes, big-endian. */
export function encodeWatchEvent(type: string, object: Uint8Array): Uint8Array {
  const writer = new ReverseWriter();
  const before = writer.written;
  writer.raw(keyOf(1, wireBytes), object);
  writer.endMessage(keyOf(2, wireBytes), before);
  writer.string(keyOf(1, wireBytes), type);
  return writer.finish();
}

/** A list's bytes from those of its metadata and items, none of which is looked into. */
export function encodeList(metadata: Uint8Array, items: readonly Uint8Array[]): Uint8Array {
  const writer = new ReverseWriter();
  for (let index = items.length - 1; index >= 0; index--) {
    writer.raw(keyOf(2, wireBytes), items[index] ?? new Uint8Array());
  }
  writer.raw(keyOf(1, wireBytes), metadata);
  return writer.finish();
}
