import { applyJsonPatch, type KindCodec, type KubeObject, parseJson, StatusError } from "../../apimachinery/index.ts";

/**
 * What a JSON patch makes of an object. Upstream patches the text that it would send, where a struct stands also when
 * nothing is in it (`status: {}`); that text is only made for patches that look for more than the object holds.
 */
export function jsonPatched(object: KubeObject, patch: unknown, codec: KindCodec): unknown {
  try {
    return applyJsonPatch(object, patch);
  } catch (error) {
    if (!(error instanceof StatusError) || error.status.code !== 422) throw error;
    return applyJsonPatch(asWritten(object, codec), patch);
  }
}

/** The managed fields stay the same object: whoever records owners sees that nobody touched them. */
function asWritten(object: KubeObject, codec: KindCodec): KubeObject {
  const { managedFields, ...metadata } = object.metadata;
  const written = parseJson(codec.encode({ ...object, metadata })) as KubeObject;
  if (managedFields !== undefined) written.metadata.managedFields = managedFields;
  return written;
}
