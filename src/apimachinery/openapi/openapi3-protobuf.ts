import type { OpenApiObject } from "./definitions.ts";
import {
  amount,
  encodeMessage,
  entries,
  extensions,
  field,
  type Field,
  flag,
  list,
  type Message,
  named,
  text,
  texts,
  yaml,
} from "./protobuf-message.ts";

/**
 * An OpenAPI 3.0 document as `application/com.github.proto-openapi.spec.v3.v1.0+protobuf`, with as much of
 * `openapi.v3` as descriptions of resources use.
 */
export function encodeOpenApi3(document: OpenApiObject): Uint8Array {
  const { openapi, info, paths, components } = document;
  return encodeMessage([
    ...text(1, openapi),
    [2, [...text(1, field(info, "title")), ...text(2, field(info, "description")), ...text(6, field(info, "version"))]],
    [4, entries(paths).map(([path, item]): Field => [1, pair(path, pathMessage(item))])],
    ...one(5, components, componentsMessage),
  ]);
}

function pair(name: string, value: Message): Message {
  return [
    [1, name],
    [2, value],
  ];
}

function one(tag: number, value: unknown, message: (value: unknown) => Message): Field[] {
  return value === undefined ? [] : [[tag, message(value)]];
}

/** Whatever may stand elsewhere: the thing itself is the first choice, a reference the second. */
function referable(message: (value: unknown) => Message): (value: unknown) => Message {
  return (value) => {
    const reference = field(value, "$ref");
    return reference === undefined ? [[1, message(value)]] : [[2, text(1, reference)]];
  };
}

function componentsMessage(components: unknown): Message {
  return [
    ...one(1, field(components, "schemas"), (schemas) => named(schemas, referable(schemaMessage))),
    ...one(7, field(components, "securitySchemes"), (schemes) => named(schemes, referable(securityMessage))),
  ];
}

function securityMessage(scheme: unknown): Message {
  const { type, description, name, in: where } = scheme as OpenApiObject;
  return [...text(1, type), ...text(2, description), ...text(3, name), ...text(4, where)];
}

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const;

function pathMessage(item: unknown): Message {
  return [
    ...methods.flatMap((method, index) => one(index + 4, field(item, method), operationMessage)),
    ...list(field(item, "parameters")).map((parameter): Field => [13, referable(parameterMessage)(parameter)]),
    ...extensions(14, item),
  ];
}

function operationMessage(operation: unknown): Message {
  const { tags, summary, description, operationId, parameters, requestBody, responses, deprecated } =
    operation as OpenApiObject;
  return [
    ...texts(1, tags),
    ...text(2, summary),
    ...text(3, description),
    ...text(5, operationId),
    ...list(parameters).map((parameter): Field => [6, referable(parameterMessage)(parameter)]),
    ...one(7, requestBody, referable(bodyMessage)),
    ...one(8, responses, responsesMessage),
    ...flag(10, deprecated),
    ...extensions(13, operation),
  ];
}

function parameterMessage(parameter: unknown): Message {
  const { name, in: where, description, required, schema } = parameter as OpenApiObject;
  return [
    ...text(1, name),
    ...text(2, where),
    ...text(3, description),
    ...flag(4, required),
    ...one(10, schema, schemaOrReference),
  ];
}

function bodyMessage(body: unknown): Message {
  const { description, content, required } = body as OpenApiObject;
  return [...text(1, description), ...one(2, content, mediaMessage), ...flag(3, required)];
}

function mediaMessage(content: unknown): Message {
  return named(content, (media) => one(1, field(media, "schema"), schemaOrReference));
}

function responsesMessage(responses: unknown): Message {
  const { default: fallback, ...others } = responses as OpenApiObject;
  const response = referable((value) => [
    ...text(1, field(value, "description")),
    ...one(3, field(value, "content"), mediaMessage),
  ]);
  return [
    ...one(1, fallback, response),
    ...entries(others).map(([code, value]): Field => [2, pair(code, response(value))]),
  ];
}

function schemaOrReference(schema: unknown): Message {
  return referable(schemaMessage)(schema);
}

function schemaMessage(schema: unknown): Message {
  return [
    ...flag(1, field(schema, "nullable")),
    ...flag(3, field(schema, "readOnly")),
    ...text(9, field(schema, "title")),
    ...limits(schema),
    ...texts(23, field(schema, "required")),
    ...list(field(schema, "enum")).map((value): Field => [24, yaml(value)]),
    ...text(25, field(schema, "type")),
    ...alternatives(schema),
    ...one(30, field(schema, "items"), (items) => [[1, schemaOrReference(items)]]),
    ...one(31, field(schema, "properties"), (properties) => named(properties, schemaOrReference)),
    ...one(32, field(schema, "additionalProperties"), additional),
    ...one(33, field(schema, "default"), defaultMessage),
    ...text(34, field(schema, "description")),
    ...text(35, field(schema, "format")),
    ...extensions(36, schema),
  ];
}

function limits(schema: unknown): Field[] {
  const of = schema as OpenApiObject;
  return [
    ...amount(10, "double", of.multipleOf),
    ...amount(11, "double", of.maximum),
    ...flag(12, of.exclusiveMaximum),
    ...amount(13, "double", of.minimum),
    ...flag(14, of.exclusiveMinimum),
    ...amount(15, "integer", of.maxLength),
    ...amount(16, "integer", of.minLength),
    ...text(17, of.pattern),
    ...amount(18, "integer", of.maxItems),
    ...amount(19, "integer", of.minItems),
    ...flag(20, of.uniqueItems),
    ...amount(21, "integer", of.maxProperties),
    ...amount(22, "integer", of.minProperties),
  ];
}

function alternatives(schema: unknown): Field[] {
  const { allOf, oneOf, anyOf, not } = schema as OpenApiObject;
  const each = (tag: number, schemas: unknown) => list(schemas).map((one): Field => [tag, schemaOrReference(one)]);
  return [...each(26, allOf), ...each(27, oneOf), ...each(28, anyOf), ...one(29, not, schemaMessage)];
}

function additional(value: unknown): Message {
  return typeof value === "boolean" ? [[2, value]] : [[1, schemaOrReference(value)]];
}

/** There is no room for defaults that are objects or lists. */
function defaultMessage(value: unknown): Message {
  if (typeof value === "number") return [[1, { type: "double", amount: value }]];
  if (typeof value === "boolean") return [[2, value]];
  return typeof value === "string" ? [[3, value]] : [];
}
