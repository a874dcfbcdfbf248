import type { FieldSchema, Schema } from "./contract.ts";

const scalarNames: Readonly<Record<string, string>> = {
  double: "float64",
  bytes: "[]uint8",
  Quantity: "resource.Quantity",
  IntOrString: "intstr.IntOrString",
  Time: "v1.Time",
  MicroTime: "v1.MicroTime",
  Duration: "v1.Duration",
  any: "runtime.RawExtension",
};

/** The Go type that upstream's errors name: `[]v1.Container`. */
export function goTypeOf(schema: Schema): string {
  switch (schema.type) {
    case "list":
      return `[]${goTypeOf(schema.items)}`;
    case "map":
      return `map[string]${goTypeOf(schema.values)}`;
    case "object":
      return (schema.name ?? "object").split(".").slice(-2).join(".");
    default:
      return scalarNames[schema.type] ?? schema.type;
  }
}

export function goTypeOfField(field: FieldSchema): string {
  return field.facts.goType ?? goTypeOf(field.schema);
}

/** Of a list's items or a map's values, given the type of the whole. */
export function goItemType(whole: string, items: Schema): string {
  const match = /^(?:\[\]|map\[[^\]]+\])(.*)$/.exec(whole);
  return match?.[1] ?? goTypeOf(items);
}

/** `v1.PodSpec` is `PodSpec`. */
export function goStructName(schema: Schema): string {
  const name = goTypeOf(schema);
  return name.slice(name.lastIndexOf(".") + 1);
}
