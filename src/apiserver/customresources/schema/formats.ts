import type { JSONSchemaProps } from "../../../api/index.ts";
import { stringFormat } from "../../../apimachinery/index.ts";

/** The format as far as upstream knows it for the schema's type, else none: unknown formats are ignored. */
export function formatOf(schema: JSONSchemaProps): string {
  const { format = "" } = schema;
  return format === "" || knows(schema, format) ? format : "";
}

/** Whether upstream checks this format on values of the schema's type. */
export function knowsFormat(schema: JSONSchemaProps): boolean {
  const { format = "" } = schema;
  return format === "" || knows(schema, format);
}

function knows(schema: JSONSchemaProps, format: string): boolean {
  const type = schema["x-kubernetes-int-or-string"] === true ? "" : (schema.type ?? "");
  switch (type) {
    case "":
    case "string":
      return stringFormat(format) !== undefined;
    case "integer":
      return format === "int32" || format === "int64";
    case "number":
      return format === "float" || format === "double";
    default:
      return false;
  }
}
