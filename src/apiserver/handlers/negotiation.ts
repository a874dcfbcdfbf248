import { newNotAcceptable, newUnsupportedMediaType } from "../../apimachinery/index.ts";

export type MediaType = "json" | "yaml" | "protobuf";
/** What the client wants to see of the objects. */
export type Projection = "whole" | "table" | "metadata" | "metadata-list";

export interface Accepted {
  readonly media: MediaType;
  readonly projection: Projection;
  /** Version of `meta.k8s.io` for tables and partial objects. */
  readonly version: string;
}

export const mediaTypes = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
} as const;

const acceptedTypes = [mediaTypes.json, mediaTypes.yaml, mediaTypes.protobuf];
const streamTypes = [
  `${mediaTypes.json};stream=watch`,
  `${mediaTypes.yaml};stream=watch`,
  `${mediaTypes.protobuf};stream=watch`,
];
const wholeJson: Accepted = { media: "json", projection: "whole", version: "v1" };
const rememberedMax = 256;
const remembered = new Map<string, Accepted | undefined>();

/**
 * Chooses by the `Accept` header; the same few headers come again and again. `jsonOnly` is for kinds without a protobuf
 * form; their bare metadata has one. Throws 406.
 */
export function negotiate(accept: string | undefined, stream = false, jsonOnly = false): Accepted {
  if (accept === undefined || accept === "" || accept === "*/*" || accept === mediaTypes.json) return wholeJson;
  const key = jsonOnly ? `json ${accept}` : accept;
  let chosen = remembered.get(key);
  if (chosen === undefined && !remembered.has(key)) {
    chosen = choose(accept, jsonOnly);
    if (remembered.size >= rememberedMax) remembered.clear();
    remembered.set(key, chosen);
  }
  if (chosen === undefined) throw newNotAcceptable(stream ? streamTypes : acceptedTypes);
  return chosen;
}

/** The encoding of what has no tables, such as reviews. Throws 406. */
export function negotiateWithoutTables(accept: string | undefined): MediaType {
  const chosen = negotiate(accept);
  if (chosen.projection !== "table") return chosen.media;
  const other = choose(accept ?? "", false, false);
  if (other === undefined) throw newNotAcceptable(acceptedTypes);
  return other.media;
}

const rememberedStatus = new Map<string, MediaType>();

/** The encoding of a Status: the first that is wanted without a projection; JSON where there is none. */
export function statusMedia(accept: string): MediaType {
  const known = rememberedStatus.get(accept);
  if (known !== undefined) return known;
  const clauses = accept.split(",").map(parseClause);
  clauses.sort((a, b) => b.quality - a.quality);
  const plain = clauses.filter(({ parameters }) => !parameters.has("as")).map(({ type }) => mediaOf(type));
  const media = plain.find((one) => one !== undefined) ?? "json";
  if (rememberedStatus.size >= rememberedMax) rememberedStatus.clear();
  rememberedStatus.set(accept, media);
  return media;
}

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function choose(accept: string, jsonOnly: boolean, tables = true): Accepted | undefined {
  const clauses = accept.split(",").map(parseClause);
  clauses.sort((a, b) => b.quality - a.quality);
  for (const clause of clauses) {
    const media = mediaOf(clause.type);
    const projection = media === undefined ? undefined : projectionOf(clause.parameters);
    if (media === undefined || projection === undefined || (!tables && projection.projection === "table")) continue;
    // Tables have no protobuf form.
    const unavailable = projection.projection === "table" || (jsonOnly && projection.projection === "whole");
    if (media !== "protobuf" || !unavailable) return { media, ...projection };
  }
  return undefined;
}

function parseClause(text: string): Clause {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const equals = part.indexOf("=");
    if (equals > 0)
      parameters.set(part.slice(0, equals).toLowerCase(), part.slice(equals + 1).replace(/^"(.*)"$/, "$1"));
  }
  const quality = Number(parameters.get("q") ?? "1");
  return { type: type.toLowerCase(), parameters, quality: Number.isFinite(quality) ? quality : 0 };
}

function mediaOf(type: string): MediaType | undefined {
  if (type === mediaTypes.json || type === "*/*" || type === "application/*") return "json";
  if (type === mediaTypes.protobuf) return "protobuf";
  return type === mediaTypes.yaml || type === "application/x-yaml" || type === "text/yaml" ? "yaml" : undefined;
}

function projectionOf(
  parameters: ReadonlyMap<string, string>,
): { readonly projection: Projection; readonly version: string } | undefined {
  const as = parameters.get("as");
  const version = parameters.get("v") ?? "v1";
  if (as === undefined) return { projection: "whole", version };
  if ((parameters.get("g") ?? "") !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  if (as === "Table") return { projection: "table", version };
  if (as === "PartialObjectMetadata") return { projection: "metadata", version };
  return as === "PartialObjectMetadataList" ? { projection: "metadata-list", version } : undefined;
}

/** The encoding of a request's body. Throws 415. */
export function bodyMediaType(contentType: string | undefined, jsonOnly = false): MediaType {
  if (contentType === undefined || contentType === "" || contentType === mediaTypes.json) return "json";
  const semicolon = contentType.indexOf(";");
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  if (type === mediaTypes.json) return "json";
  if (type === mediaTypes.yaml || type === "application/x-yaml" || type === "text/yaml") return "yaml";
  if (type === mediaTypes.protobuf && !jsonOnly) return "protobuf";
  throw newUnsupportedMediaType(jsonOnly ? acceptedTypes.slice(0, 2) : acceptedTypes);
}
