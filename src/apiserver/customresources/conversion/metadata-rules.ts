import { type KubeObject, newInternalError } from "../../../apimachinery/index.ts";

const unchangeable = ["name", "namespace", "uid"] as const;
const versionPattern = /^(?:([^/]*)\/)?([^/]*)$/;

/**
 * What a webhook gave back for `object`, checked as upstream does. `at` begins what is said of its type, `returned`
 * what is said of its metadata.
 */
export function checkConverted(
  object: KubeObject,
  answer: unknown,
  toApiVersion: string,
  at: string,
  returned: string,
): KubeObject {
  const converted = (typeof answer === "object" && answer !== null ? answer : {}) as Partial<KubeObject>;
  const { apiVersion = "", kind = "" } = converted;
  if (!versionPattern.test(apiVersion) || apiVersion !== toApiVersion)
    throw newInternalError(`${at}: invalid groupVersion (expected ${toApiVersion}, received ${apiVersion})`);
  if (kind !== object.kind) throw newInternalError(`${at}: invalid kind (expected ${object.kind}, received ${kind})`);
  const { metadata } = converted;
  if (typeof metadata !== "object" || metadata === null || Array.isArray(metadata))
    throw newInternalError(`${returned} metadata: missing metadata in converted object`);
  for (const field of unchangeable) {
    const [before = "", after = ""] = [object.metadata[field], metadata[field]];
    const word = field === "uid" ? "UID" : field;
    if (before !== after)
      throw newInternalError(`${returned} object: must have the same ${word}: ${before} != ${String(after)}`);
  }
  for (const field of ["labels", "annotations"] as const) checkTexts(metadata[field], field, returned);
  return converted as KubeObject;
}

function checkTexts(map: unknown, field: string, returned: string): void {
  if (map === undefined || map === null) return;
  const fine =
    typeof map === "object" && !Array.isArray(map) && Object.values(map).every((value) => typeof value === "string");
  if (!fine) throw newInternalError(`${returned} metadata: metadata.${field} must be a map of strings`);
}

/** Of the metadata, a webhook may change labels and annotations; everything else stays as it was. */
export function restoreMetadata(object: KubeObject, converted: KubeObject): KubeObject {
  const { labels, annotations } = converted.metadata;
  const { labels: _labels, annotations: _annotations, ...kept } = object.metadata;
  const metadata = {
    ...kept,
    ...(labels === undefined || labels === null ? {} : { labels }),
    ...(annotations === undefined || annotations === null ? {} : { annotations }),
  };
  return { ...converted, metadata };
}
