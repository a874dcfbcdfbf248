import type { OpenApiObject } from "./definitions.ts";
import {
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
 * A Swagger document as `application/com.github.proto-openapi.spec.v2.v1.0+protobuf`, the only form in which Go
 * clients ask for it. Values without a fixed type travel as YAML text, of which JSON is a part.
 */
export function encodeSwagger(document: OpenApiObject): Uint8Array {
  return encodeMessage(documentMessage(document));
}

function documentMessage(document: OpenApiObject): Message {
  const { info, paths, definitions, securityDefinitions, security } = document;
  return [
    ...text(1, document.swagger),
    [2, [...text(1, field(info, "title")), ...text(2, field(info, "version"))]],
    [
      8,
      entries(paths).map(
        ([path, item]): Field => [
          2,
          [
            [1, path],
            [2, pathMessage(item)],
          ],
        ],
      ),
    ],
    [9, named(definitions, schemaMessage)],
    ...list(security).map((item): Field => [12, named(item, () => [])]),
    [13, named(securityDefinitions, (item) => [[2, apiKeyMessage(item)]])],
  ];
}

function apiKeyMessage(item: unknown): Message {
  const { type, name, in: where, description } = item as OpenApiObject;
  return [...text(1, type), ...text(2, name), ...text(3, where), ...text(4, description)];
}

const methods = ["get", "put", "post", "delete", "options", "head", "patch"] as const;

function pathMessage(item: unknown): Message {
  return [
    ...methods.flatMap((method, index): Field[] => {
      const operation = field(item, method);
      return operation === undefined ? [] : [[index + 2, operationMessage(operation)]];
    }),
    ...list(field(item, "parameters")).map((parameter): Field => [9, parameterMessage(parameter)]),
  ];
}

function operationMessage(operation: unknown): Message {
  const { tags, description, operationId, produces, consumes, parameters, responses, schemes } =
    operation as OpenApiObject;
  return [
    ...texts(1, tags),
    ...text(3, description),
    ...text(5, operationId),
    ...texts(6, produces),
    ...texts(7, consumes),
    ...list(parameters).map((parameter): Field => [8, parameterMessage(parameter)]),
    [
      9,
      entries(responses).map(
        ([code, response]): Field => [
          1,
          [
            [1, code],
            [2, [[1, responseMessage(response)]]],
          ],
        ],
      ),
    ],
    ...texts(10, schemes),
    ...extensions(13, operation),
  ];
}

function responseMessage(response: unknown): Message {
  const schema = field(response, "schema");
  return [
    ...text(1, field(response, "description")),
    ...(schema === undefined ? [] : [[2, [[1, schemaMessage(schema)]]] as Field]),
  ];
}

function parameterMessage(parameter: unknown): Message {
  const { name, in: where, description, required, schema, type, uniqueItems } = parameter as OpenApiObject;
  if (where === "body") {
    const body = [...text(1, description), ...text(2, name), ...text(3, where), ...flag(4, required)];
    return [[1, [[1, [...body, [5, schemaMessage(schema)]]]]]];
  }
  const head = [...flag(1, required), ...text(2, where), ...text(3, description), ...text(4, name)];
  const rest =
    where === "path" ? [...text(5, type), ...flag(19, uniqueItems)] : [...text(6, type), ...flag(20, uniqueItems)];
  return [[1, [[2, [[where === "path" ? 4 : 3, [...head, ...rest]]]]]]];
}

function schemaMessage(schema: unknown): Message {
  const { $ref, format, description, default: fallback, required, enum: values } = schema as OpenApiObject;
  const { additionalProperties, type, items, properties } = schema as OpenApiObject;
  return [
    ...text(1, $ref),
    ...text(2, format),
    ...text(4, description),
    ...(fallback === undefined ? [] : [[5, yaml(fallback)] as Field]),
    ...texts(19, required),
    ...list(values).map((value): Field => [20, yaml(value)]),
    ...(additionalProperties === undefined ? [] : [[21, [[1, schemaMessage(additionalProperties)]]] as Field]),
    ...(type === undefined ? [] : [[22, text(1, type)] as Field]),
    ...(items === undefined ? [] : [[23, [[1, schemaMessage(items)]]] as Field]),
    ...(properties === undefined ? [] : [[25, named(properties, schemaMessage)] as Field]),
    ...extensions(31, schema),
  ];
}
