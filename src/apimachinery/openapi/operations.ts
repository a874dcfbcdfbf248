import type { OpenApiObject, OpenApiVersion } from "./definitions.ts";
import { queryParameter } from "./parameters.ts";

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

const objectTypes: readonly string[] = [
  ...["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"],
];
const listTypes: readonly string[] = [
  ...[...objectTypes, "application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"],
];
const patchTypes: readonly string[] = [
  ...["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"],
  ...["application/apply-patch+yaml"],
];

/** Of custom resources. Clients tell from the document which patches a kind takes. */
const customPatchTypes = patchTypes.filter((type) => !type.includes("strategic"));

export interface Operation {
  readonly id: string;
  readonly tag: string;
  readonly description: string;
  /** `x-kubernetes-action`; absent for discovery. */
  readonly action?: string;
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string };
  readonly query?: readonly string[];
  /** Name of the definition of the body. */
  readonly body?: string;
  readonly bodyRequired?: boolean;
  readonly isPatch?: boolean;
  /** The server knows no Go type for it: no strategic merge patch. */
  readonly isCustom?: boolean;
  readonly isList?: boolean;
  /** Name of the definition of the answer, or `string` for plain text. */
  readonly answer: string;
  readonly codes: readonly number[];
  readonly mediaTypes?: readonly string[];
}

const codeDescriptions: Readonly<Record<number, string>> = { 200: "OK", 201: "Created", 202: "Accepted" };

/** Writes an operation in either form of OpenAPI. */
export function writeOperation(operation: Operation, version: OpenApiVersion): OpenApiObject {
  const query = (operation.query ?? []).map((name) => queryParameter(name, version));
  const kubernetes = {
    ...(operation.action === undefined ? {} : { "x-kubernetes-action": operation.action }),
    ...(operation.kind === undefined ? {} : { "x-kubernetes-group-version-kind": operation.kind }),
  };
  const head = { tags: [operation.tag], description: operation.description, operationId: operation.id };
  const { isList = false } = operation;
  const produced = operation.mediaTypes ?? (isList ? listTypes : objectTypes);
  if (version === 2) return { ...writeSwagger(operation, head, query, produced), ...kubernetes };
  return {
    ...head,
    ...(query.length > 0 ? { parameters: query } : {}),
    ...requestBody(operation),
    responses: responses(operation, (schema) => ({ content: contents(produced, schema) }), 3),
    ...kubernetes,
  };
}

function writeSwagger(
  operation: Operation,
  head: OpenApiObject,
  query: readonly OpenApiObject[],
  produced: readonly string[],
): OpenApiObject {
  const { description, tags, operationId } = head;
  const body = { name: "body", in: "body", ...(operation.bodyRequired ? { required: true } : {}) };
  const parameters = [
    ...(operation.body === undefined ? [] : [{ ...body, schema: reference(operation.body, 2) }]),
    ...query,
  ];
  return {
    description,
    consumes: bodyTypes(operation),
    produces: produced,
    schemes: ["https"],
    tags,
    operationId,
    ...(parameters.length > 0 ? { parameters } : {}),
    responses: responses(operation, (schema) => ({ schema }), 2),
  };
}

function bodyTypes({ isPatch, isCustom }: Operation): readonly string[] {
  if (!isPatch) return ["*/*"];
  return isCustom ? customPatchTypes : patchTypes;
}

function requestBody(operation: Operation): OpenApiObject {
  if (operation.body === undefined) return {};
  const content = contents(bodyTypes(operation), reference(operation.body, 3));
  return { requestBody: { content, ...(operation.bodyRequired ? { required: true } : {}) } };
}

function responses(
  operation: Operation,
  wrap: (schema: OpenApiObject) => OpenApiObject,
  version: OpenApiVersion,
): OpenApiObject {
  const schema = operation.answer === "string" ? { type: "string" } : reference(operation.answer, version);
  const answers = operation.codes.map((code) => [
    String(code),
    { description: codeDescriptions[code], ...wrap(schema) },
  ]);
  return { ...Object.fromEntries(answers), "401": { description: "Unauthorized" } };
}

function contents(types: readonly string[], schema: OpenApiObject): OpenApiObject {
  return Object.fromEntries(types.map((type) => [type, { schema }]));
}

function reference(name: string, version: OpenApiVersion): OpenApiObject {
  return { $ref: `#/${version === 2 ? "definitions" : "components/schemas"}/${name}` };
}

export const patchDefinition = `${meta}.Patch`;
export const statusDefinition = `${meta}.Status`;
export const deleteOptionsDefinition = `${meta}.DeleteOptions`;
export const watchEventDefinition = `${meta}.WatchEvent`;
