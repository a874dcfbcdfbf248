import { isObject } from "./untrusted-json.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The OpenAPI v2 part of a server that knows no v3, as a v3 document: so that clients that read v3 only know of it too.
 * Upstream: `ConvertV2ToV3`.
 */
export function asV3({ paths, definitions }: { readonly paths: object; readonly definitions: object }): Fields {
  return {
    openapi: "3.0.0",
    info: { title: "Converted from OpenAPI v2", version: "" },
    paths: mapValues(paths, pathItem),
    components: { schemas: referring(definitions) },
  };
}

function mapValues(object: object, change: (value: unknown) => unknown): Fields {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** References move with what they refer to. */
function referring(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referring);
  if (!isObject(value)) return value;
  const { $ref: reference } = value;
  if (typeof reference !== "string") return mapValues(value, referring);
  const moved = reference.replace("#/definitions/", "#/components/schemas/");
  const { $ref: _, ...rest } = value;
  return Object.keys(rest).length === 0 ? { $ref: moved } : { ...mapValues(rest, referring), allOf: [{ $ref: moved }] };
}

const methods = new Set(["get", "put", "post", "delete", "options", "head", "patch"]);

function pathItem(item: unknown): unknown {
  if (!isObject(item)) return item;
  return Object.fromEntries(
    Object.entries(item).map(([key, value]) => {
      if (methods.has(key)) return [key, operation(value)];
      return [key, key === "parameters" ? parametersOf(value) : value];
    }),
  );
}

function operation(value: unknown): unknown {
  if (!isObject(value)) return value;
  const { consumes, produces, parameters, responses, schemes: _, ...rest } = value;
  const body = listOf(parameters).find((one) => one["in"] === "body");
  const content = (schema: unknown, types: unknown) =>
    Object.fromEntries(textsOf(types).map((type) => [type, { schema: referring(schema) }]));
  return {
    ...rest,
    ...(parameters === undefined ? {} : { parameters: parametersOf(parameters) }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: body["required"] === true, content: content(body["schema"], consumes) } }),
    responses: mapValues(isObject(responses) ? responses : {}, (response) => {
      if (!isObject(response)) return response;
      const { schema, ...others } = response;
      return schema === undefined ? others : { ...others, content: content(schema, produces) };
    }),
  };
}

/** Without bodies; what v2 says of a parameter itself, v3 says of its schema. */
function parametersOf(value: unknown): unknown {
  return listOf(value)
    .filter((one) => one["in"] !== "body")
    .map(({ type, format, items, uniqueItems, enum: choices, default: fallback, ...rest }) => {
      const schema = { type, format, items, uniqueItems, enum: choices, default: fallback };
      return { ...rest, schema: Object.fromEntries(Object.entries(schema).filter(([, part]) => part !== undefined)) };
    });
}

function listOf(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textsOf(value: unknown): readonly string[] {
  const texts = Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  return texts.length === 0 || texts.includes("*/*") ? ["application/json"] : texts;
}
