import { loadScheme } from "../../api/index.ts";
import type { KindCodec, KubeObject } from "../../apimachinery/index.ts";
import { closeEnvelope, field } from "./protobuf-envelope.ts";
import { partial } from "./table.ts";

let made: KindCodec | undefined;

function codec(): KindCodec {
  made ??= loadScheme().codec({ group: "meta.k8s.io", version: "v1", kind: "PartialObjectMetadata" });
  return made;
}

/** An object's metadata alone, in protobuf; custom resources have this form too. */
export function partialProtobuf(object: KubeObject, version: string): Buffer {
  const raw = codec().encodeProtobuf(partial(object, version) as KubeObject);
  return closeEnvelope({ apiVersion: `meta.k8s.io/${version}`, kind: "PartialObjectMetadata", raw });
}

/** `PartialObjectMetadataList { metadata = 1, items = 2 }`; `metadata` is encoded already. */
export function partialListProtobuf(objects: readonly KubeObject[], metadata: Buffer, version: string): Buffer {
  const items = objects.map((object) =>
    field(2, Buffer.from(codec().encodeProtobuf(partial(object, version) as KubeObject))),
  );
  const raw = Buffer.concat([field(1, metadata), ...items]);
  return closeEnvelope({ apiVersion: `meta.k8s.io/${version}`, kind: "PartialObjectMetadataList", raw });
}
