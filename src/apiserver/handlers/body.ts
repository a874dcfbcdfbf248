import { loadScheme } from "../../api/index.ts";
import {
  DecodeError,
  invalid,
  jsonSyntaxError,
  type KindCodec,
  type KubeObject,
  newBadRequest,
  newInvalid,
  quote,
  type StatusError,
  UnrecognizedError,
  withoutLoneSurrogates,
} from "../../apimachinery/index.ts";
import { messageOf } from "../../base/index.ts";
import { apiVersionOf } from "../cacher/shape.ts";
import type { ApiRequest } from "../http/exchange.ts";
import type { ResourceDescriptor } from "../registry/contract.ts";
import type { RequestContext } from "../request/contract.ts";
import { bodyMediaType, internalPackage } from "./negotiation.ts";
import { openEnvelope } from "./protobuf-envelope.ts";
import { readYaml } from "./yaml.ts";

/** Bytes of a request's body. Upstream: 3 MiB. */
export const bodyBytesMax = 3 * 1024 * 1024;

export type FieldValidation = "Ignore" | "Warn" | "Strict";

export function headerText(request: ApiRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** A kind that bodies may be of: a resource's own or a subresource's (`Scale`, `Binding`, `Eviction`). */
export interface BodyKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly codec: KindCodec;
  /** There is no protobuf form. */
  readonly jsonOnly?: boolean;
}

export function bodyKindOf(descriptor: ResourceDescriptor): BodyKind {
  return { ...descriptor.gvk, codec: descriptor.codec, jsonOnly: descriptor.jsonOnly === true };
}

/** Reads and decodes the object in a request's body, defaults included. */
export async function readObject(
  request: ApiRequest,
  kind: BodyKind,
  validation: FieldValidation,
  context: RequestContext,
): Promise<KubeObject> {
  const media = bodyMediaType(headerText(request, "content-type"), kind.jsonOnly);
  const bytes = await request.body(bodyBytesMax);
  return decodeObject(bytes, media, kind, validation, context);
}

export function decodeObject(
  bytes: Uint8Array,
  media: "json" | "yaml" | "protobuf",
  kind: BodyKind,
  validation: FieldValidation,
  context: RequestContext,
): KubeObject {
  const decoded = media === "protobuf" ? decodeProtobuf(bytes, kind) : decodeText(bytes, media, kind, validation);
  const object = decoded.object as KubeObject;
  checkKind(object, kind, bytes);
  reportProblems(decoded.problems, kind, validation, context);
  object.metadata ??= {};
  kind.codec.applyDefaults(object);
  return object;
}

/** A body as text that Go's decoder would take for the same. */
export function textOf(bytes: Uint8Array): string {
  return withoutLoneSurrogates(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}

interface Outcome {
  readonly object: unknown;
  readonly problems: readonly string[];
}

function decodeText(bytes: Uint8Array, media: "json" | "yaml", kind: BodyKind, validation: FieldValidation): Outcome {
  const text = textOf(bytes);
  const options = { unknownFields: validation === "Ignore" ? "ignore" : "report" } as const;
  try {
    if (media === "json") return kind.codec.decode(text, options);
    const { value, duplicates } = readYaml(text);
    const decode = () =>
      kind.jsonOnly === true
        ? kind.codec.decode(JSON.stringify(value), options)
        : kind.codec.decodeValue(value, options);
    const { object, problems } = decode();
    return { object, problems: [...duplicates, ...problems] };
  } catch (error) {
    if (error instanceof UnrecognizedError) throw unrecognized(kind, error.message, bytes);
    const why = media === "json" ? kindProblem(text) : yamlProblem(error, text);
    throw why === undefined ? cannotBeHandled(kind, messageOf(error)) : unrecognized(kind, why, bytes);
  }
}

function decodeProtobuf(bytes: Uint8Array, kind: BodyKind): Outcome {
  const envelope = openEnvelope(bytes);
  if (envelope === undefined) {
    throw newBadRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] (${summarize(bytes)})`,
    );
  }
  checkKind({ apiVersion: envelope.apiVersion, kind: envelope.kind, metadata: {} }, kind, bytes);
  try {
    return { object: kind.codec.decodeProtobuf(envelope.raw), problems: [] };
  } catch (error) {
    throw cannotBeHandled(kind, messageOf(error));
  }
}

function unrecognized(kind: BodyKind, why: string, bytes: Uint8Array): StatusError {
  return newBadRequest(
    `the object provided is unrecognized (must be of type ${kind.kind}): ${why} (${summarize(bytes)})`,
  );
}

const unreadable = "couldn't get version/kind; json parse error: ";

/** Why no kind can be read from this JSON; undefined when one could be. */
export function kindProblem(text: string): string | undefined {
  const why = jsonSyntaxError(text) ?? misfitOf(JSON.parse(text));
  return why === undefined ? undefined : unreadable + why;
}

function yamlProblem(error: unknown, text: string): string | undefined {
  if (!(error instanceof DecodeError)) return messageOf(error);
  const why = misfitOf(readYaml(text).value);
  return why === undefined ? undefined : unreadable + why;
}

/** As Go prints the type that it first reads bodies into. */
const typeMeta =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function misfitOf(value: unknown): string | undefined {
  if (value === null) return undefined;
  if (jsonType(value) !== "object")
    return `json: cannot unmarshal ${jsonType(value)} into Go value of type ${typeMeta}`;
  const fields = value as Readonly<Record<string, unknown>>;
  const odd = ["apiVersion", "kind"].find((name) => typeof (fields[name] ?? "") !== "string");
  if (odd === undefined) return undefined;
  return `json: cannot unmarshal ${jsonType(fields[odd])} into Go struct field .${odd} of type string`;
}

/** What Go calls it. */
function jsonType(value: unknown): string {
  return Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;
}

function cannotBeHandled(kind: BodyKind, why: string): StatusError {
  return newBadRequest(
    `${kind.kind} in version ${JSON.stringify(kind.version)} cannot be handled as a ${kind.kind}: ${why}`,
  );
}

/** Of a key that came twice in YAML; they are warned of one by one, and refused all together. */
const yamlLine = /^line \d+: key /;

/** In the words of go-yaml. */
export function yamlTwice(duplicates: readonly string[]): string {
  return ["yaml: unmarshal errors:", ...duplicates].join("\n  ");
}

export function reportProblems(
  problems: readonly string[],
  kind: BodyKind,
  validation: FieldValidation,
  context: RequestContext,
): void {
  if (problems.length === 0 || validation === "Ignore") return;
  if (validation === "Strict") {
    const lines = problems.filter((problem) => yamlLine.test(problem));
    const others = problems.filter((problem) => !yamlLine.test(problem));
    const all = lines.length === 0 ? others : [yamlTwice(lines), ...others];
    throw cannotBeHandled(kind, `strict decoding error: ${all.join(", ")}`);
  }
  for (const problem of problems) context.warn(problem);
}

/** Kind and version in the body are optional, but must be the resource's when given. */
function checkKind(object: KubeObject, kind: BodyKind, bytes: Uint8Array): void {
  const expected = apiVersionOf(kind);
  const { apiVersion = "", kind: given = "" } = object;
  if (apiVersion.indexOf("/") !== apiVersion.lastIndexOf("/"))
    throw unrecognized(kind, `unexpected GroupVersion string: ${apiVersion}`, bytes);
  if (kind.jsonOnly === true) checkCustomKind(object, kind, expected);
  if ((given !== "" && given !== kind.kind) || (apiVersion !== "" && apiVersion !== expected)) {
    throw anotherKind(apiVersion === "" ? expected : apiVersion, given === "" ? kind.kind : given, kind);
  }
  object.apiVersion = expected;
  object.kind = kind.kind;
}

function anotherKind(apiVersion: string, given: string, wanted: BodyKind): StatusError {
  const slash = apiVersion.indexOf("/");
  const [group, version] = [apiVersion.slice(0, Math.max(slash, 0)), apiVersion.slice(slash + 1)];
  const known = loadScheme().schema({ group, version, kind: given }) !== undefined;
  const why = known
    ? `converting (${version}.${given}) to (${internalPackage(wanted.group)}.${wanted.kind}): unknown conversion`
    : unregistered(apiVersion, given, wanted.group);
  return newBadRequest(`${given} in version ${quote(version)} cannot be handled as a ${wanted.kind}: ${why}`);
}

const registries: Readonly<Record<string, string>> = {
  "apiextensions.k8s.io": "k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55",
  "apiregistration.k8s.io": "k8s.io/kube-aggregator/pkg/apiserver/scheme/scheme.go:28",
};

/** In the words of the part of upstream that serves the group. */
export function unregistered(apiVersion: string, kind: string, group: string): string {
  const registry = registries[group] ?? "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30";
  return `no kind ${quote(kind)} is registered for version ${quote(apiVersion)} in scheme ${quote(registry)}`;
}

/** Custom resources have both; another kind is for their validation to refuse. */
function checkCustomKind(
  { apiVersion = "", kind: given = "", metadata }: KubeObject,
  kind: BodyKind,
  expected: string,
) {
  if (apiVersion !== expected) throw unexpectedVersion(apiVersion, expected);
  if (given === kind.kind) return;
  throw newInvalid({ group: kind.group, kind: given }, metadata?.name ?? "", [
    invalid("kind", given, `must be ${kind.kind}`),
  ]);
}

function unexpectedVersion(given: string, expected: string): StatusError {
  return newBadRequest(`the API version in the data (${given}) does not match the expected API version (${expected})`);
}

const summaryBytesMax = 30;

function summarize(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<empty>";
  const cut = Buffer.from(bytes.subarray(0, summaryBytesMax));
  const text = bytes[0] === 0x7b ? cut.toString() : cut.toString("hex");
  return bytes.length > summaryBytesMax ? `${text} ...` : text;
}
