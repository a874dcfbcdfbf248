/** `[]map[core/v1.PodSpec]` taken apart. */
export type FactsType =
  | { readonly form: "list" | "map"; readonly of: FactsType }
  | { readonly form: "scalar"; readonly name: string }
  | { readonly form: "reference"; readonly groupVersion?: string; readonly name: string };

const scalars: ReadonlySet<string> = new Set([
  ...["string", "bool", "int32", "int64", "double", "bytes"],
  ...["Quantity", "IntOrString", "Time", "MicroTime", "Duration", "Any"],
]);

export function parseFactsType(text: string): FactsType {
  if (text.startsWith("[]")) return { form: "list", of: parseFactsType(text.slice(2)) };
  if (text.startsWith("map[")) return { form: "map", of: parseFactsType(text.slice(4, -1)) };
  if (scalars.has(text)) return { form: "scalar", name: text };
  const dot = text.indexOf(".");
  if (dot < 0) return { form: "reference", name: text };
  return { form: "reference", groupVersion: text.slice(0, dot), name: text.slice(dot + 1) };
}
