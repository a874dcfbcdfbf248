import { newFailure, newNotAcceptable, newUnsupportedMediaType, type StatusError } from "../../apimachinery/index.ts";

export type MediaType = "json" | "yaml" | "protobuf";
/** What the client wants to see of the objects. */
export type Projection = "whole" | "table" | "metadata" | "metadata-list";

export interface Accepted {
  readonly media: MediaType;
  readonly projection: Projection;
  /** Version of `meta.k8s.io` for tables and partial objects. */
  readonly version: string;
}

/** What a path answers with. */
export interface Offer {
  /** Without a protobuf form: custom resources. Their bare metadata has one. */
  readonly jsonOnly?: boolean;
  /** A collection, which can be watched. */
  readonly collection?: boolean;
  readonly stream?: boolean;
}

export const mediaTypes = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
} as const;

export const acceptedTypes: readonly string[] = [mediaTypes.json, mediaTypes.yaml, mediaTypes.protobuf];
const streamTypes = [`${mediaTypes.json};stream=watch`, `${mediaTypes.protobuf};stream=watch`];
const wholeJson: Accepted = { media: "json", projection: "whole", version: "v1" };
const rememberedMax = 256;
const remembered = new Map<string, Accepted | undefined>();

/** Chooses by the `Accept` header; the same few headers come again and again. Throws 406. */
export function negotiate(accept: string | undefined, offer: Offer = {}): Accepted {
  if (accept === undefined || accept === "" || accept === "*/*" || accept === mediaTypes.json) return wholeJson;
  const jsonOnly = offer.jsonOnly === true;
  const key = jsonOnly ? `json ${accept}` : accept;
  let chosen = remembered.get(key);
  if (chosen === undefined && !remembered.has(key)) {
    chosen = jsonOnly || routeProduces(accept, acceptedTypes) ? choose(accept, jsonOnly) : undefined;
    if (remembered.size >= rememberedMax) remembered.clear();
    remembered.set(key, chosen);
  }
  if (chosen === undefined) throw refusal(accept, offer);
  if (offer.stream === true && chosen.media === "yaml") throw newNotAcceptable(streamTypes);
  return chosen;
}

/** The encoding of what has no tables, such as reviews. Throws 406. */
export function negotiateWithoutTables(accept: string | undefined): MediaType {
  return withoutTable(accept, negotiate(accept)).media;
}

/** What else is accepted than a table. Throws 406. */
export function withoutTable(accept: string | undefined, chosen: Accepted, jsonOnly = false): Accepted {
  if (chosen.projection !== "table") return chosen;
  const other = choose(accept ?? "", jsonOnly, false);
  if (other === undefined) throw newNotAcceptable(acceptedTypes);
  return other;
}

/** The encoding of what has but one form, such as discovery. Throws 406. */
export function negotiateWhole(accept: string | undefined): MediaType {
  const clauses = sortedClauses(accept === undefined || accept === "" ? "*/*" : accept);
  const plain = clauses.filter(({ parameters }) => !parameters.has("as"));
  const media = plain.map(({ type }) => mediaOf(type)).find((one) => one !== undefined);
  if (media === undefined) throw newNotAcceptable(acceptedTypes);
  return media;
}

/** Upstream's router asks first, by bare media types. Throws 406 when a path has none that is wanted. */
export function checkProduced(accept: string | undefined, produced: readonly string[]): void {
  if (accept !== undefined && accept !== "" && !routeProduces(accept, produced)) throw notProduced(produced);
}

function routeProduces(accept: string, produced: readonly string[]): boolean {
  return accept.split(",").some((clause) => {
    const type = (clause.split(";")[0] ?? "").trim();
    return type === "*/*" || produced.includes(type);
  });
}

function refusal(accept: string, { jsonOnly, collection }: Offer): StatusError {
  if (jsonOnly === true || routeProduces(accept, acceptedTypes)) return newNotAcceptable(acceptedTypes);
  return notProduced(collection === true ? [...acceptedTypes, ...streamTypes] : acceptedTypes);
}

function notProduced(produced: readonly string[]): StatusError {
  const message = `406: Not Acceptable\n\nAvailable representations: ${produced.join(", ")}`;
  return newFailure(406, "NotAcceptable", message, {});
}

const rememberedStatus = new Map<string, MediaType>();

/** The encoding of a Status: the first that is wanted without a projection; JSON where there is none. */
export function statusMedia(accept: string): MediaType {
  const known = rememberedStatus.get(accept);
  if (known !== undefined) return known;
  const plain = sortedClauses(accept).filter(({ parameters }) => !parameters.has("as"));
  const media = plain.map(({ type }) => mediaOf(type)).find((one) => one !== undefined) ?? "json";
  if (rememberedStatus.size >= rememberedMax) rememberedStatus.clear();
  rememberedStatus.set(accept, media);
  return media;
}

export interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly quality: number;
}

function choose(accept: string, jsonOnly: boolean, tables = true): Accepted | undefined {
  for (const clause of sortedClauses(accept)) {
    const media = mediaOf(clause.type);
    const projection = media === undefined ? undefined : projectionOf(clause.parameters);
    if (media === undefined || projection === undefined || (!tables && projection.projection === "table")) continue;
    // Tables have no protobuf form.
    const unavailable = projection.projection === "table" || (jsonOnly && projection.projection === "whole");
    if (media !== "protobuf" || !unavailable) return { media, ...projection };
  }
  return undefined;
}

/** What an `Accept` header asks for, the most wanted first. */
export function sortedClauses(accept: string): readonly Clause[] {
  return accept
    .split(",")
    .map(parseClause)
    .sort((a, b) => b.quality - a.quality);
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

export function mediaOf(type: string): MediaType | undefined {
  if (type === mediaTypes.json || type === "*/*" || type === "application/*") return "json";
  if (type === mediaTypes.protobuf) return "protobuf";
  return type === mediaTypes.yaml ? "yaml" : undefined;
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

/** 406: one object was asked for as if it were a list, or the other way round. */
export function wrongProjection(group: string, kind: string, list: boolean): StatusError {
  const [asked, is] = list ? ["PartialObjectMetadata", "a list"] : ["PartialObjectMetadataList", "not a list"];
  const type = `*${internalPackage(group)}.${kind}`;
  return newFailure(406, "NotAcceptable", `you requested ${asked}, but the requested object is ${is} (${type})`);
}

/** The package of a group's internal types, which messages of upstream show. */
export function internalPackage(group: string): string {
  return group === "" || group === "events.k8s.io" ? "core" : (group.split(".")[0] ?? group);
}

/** The encoding of a request's body. Throws 415. */
export function bodyMediaType(contentType: string | undefined, jsonOnly = false): MediaType {
  if (contentType === undefined || contentType === "" || contentType === mediaTypes.json) return "json";
  const semicolon = contentType.indexOf(";");
  const type = (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
  if (type === mediaTypes.json) return "json";
  if (type === mediaTypes.yaml) return "yaml";
  if (type === mediaTypes.protobuf && !jsonOnly) return "protobuf";
  throw newUnsupportedMediaType(jsonOnly ? acceptedTypes.slice(0, 2) : acceptedTypes);
}
