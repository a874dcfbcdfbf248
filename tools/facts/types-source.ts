import type { FieldFacts, GroupVersionFacts, TypeFacts } from "../../src/apimachinery/index.ts";
import { type FactsType, parseFactsType } from "./type-names.ts";

const scalarTypes: Readonly<Record<string, string>> = {
  string: "string",
  bool: "boolean",
  int32: "number",
  int64: "number",
  double: "number",
  bytes: "string",
  Quantity: "string",
  IntOrString: "number | string",
  Time: "string",
  MicroTime: "string",
  Duration: "string",
  Any: "unknown",
};

const columns = 120;

/** TypeScript of one group version. `own` is its folder, as other versions name it: `core/v1`. */
export function typesSource(own: string, facts: GroupVersionFacts): string {
  const imports = new Map<string, Set<string>>();
  const context: Context = { own, facts, imports };
  const bodies = Object.entries(facts.types).map(([name, type]) => typeSource(name, type, context));
  const lines = [...imports].map(([path, names]) => importSource([...names].sort(), path));
  lines.sort((a, b) => (importPath(a) < importPath(b) ? -1 : 1));
  const header = "// Generated from facts.json by ./k8ts tool facts. Edit the facts and run it again.\n";
  return [`${header}${lines.join("\n")}${lines.length === 0 ? "" : "\n"}`, ...bodies].join("\n");
}

interface Context {
  readonly own: string;
  readonly facts: GroupVersionFacts;
  readonly imports: Map<string, Set<string>>;
}

function typeSource(name: string, type: TypeFacts, context: Context): string {
  if (type.alias !== undefined) return `export type ${name} = ${typeText(parseFactsType(type.alias), context)};\n`;
  if (type.union !== undefined) return `export type ${name} = ${unionText(type.union)};\n`;
  const fields = fieldLines(type, context);
  if (type.kind) fields.unshift("  kind?: string;", "  apiVersion?: string;");
  if (fields.length === 0) return `export type ${name} = Record<string, never>;\n`;
  return `export interface ${name} {\n${fields.join("\n")}\n}\n`;
}

function unionText(union: NonNullable<TypeFacts["union"]>): string {
  if (union === "schemaOrBool") return "JSONSchemaProps | boolean";
  if (union === "schemaOrArray") return "JSONSchemaProps | JSONSchemaProps[]";
  return "JSONSchemaProps | string[]";
}

function fieldLines(type: TypeFacts, context: Context): string[] {
  return Object.entries(type.fields).flatMap(([name, field]) => {
    if (!field.inline) return [fieldLine(name, field, context)];
    const inlined = context.facts.types[field.type];
    if (inlined === undefined) throw new Error(`${context.own}: no type ${field.type} to inline`);
    return fieldLines(inlined, context);
  });
}

function fieldLine(name: string, field: FieldFacts, context: Context): string {
  const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
  const parsed = parseFactsType(field.type);
  const head = `  ${key}${isAlwaysThere(name, field, parsed) ? "" : "?"}:`;
  if (field.enum === undefined) return `${head} ${typeText(parsed, context)};`;
  const values = field.enum.map((value) => JSON.stringify(value));
  const line = `${head} ${wrapped(parsed, values.join(" | "), values.length > 1)};`;
  if (line.length <= columns) return line;
  const list = values.map((value) => `    | ${value}`).join("\n");
  if (parsed.form === "scalar") return `${head}\n${list};`;
  return parsed.form === "list" ? `${head} (\n${list}\n  )[];` : `${head} Record<\n    string,\n${list}\n  >;`;
}

function wrapped(type: FactsType, text: string, several: boolean): string {
  if (type.form === "map") return `Record<string, ${text}>`;
  if (type.form !== "list") return text;
  return several ? `(${text})[]` : `${text}[]`;
}

/** Required fields, and the structs of every object that decoding always fills in. */
function isAlwaysThere(name: string, field: FieldFacts, type: FactsType): boolean {
  if (field.required) return true;
  return (name === "metadata" || name === "spec") && type.form === "reference" && !field.pointer;
}

function typeText(type: FactsType, context: Context): string {
  switch (type.form) {
    case "scalar":
      return scalarTypes[type.name] ?? "unknown";
    case "list": {
      const text = typeText(type.of, context);
      return text.includes(" ") && type.of.form !== "map" ? `(${text})[]` : `${text}[]`;
    }
    case "map":
      return `Record<string, ${typeText(type.of, context)}>`;
    case "reference":
      if (type.groupVersion !== undefined) addImport(type.groupVersion, type.name, context);
      return type.name;
  }
}

function addImport(groupVersion: string, name: string, context: Context): void {
  const path = groupVersion === "meta/v1" ? "../../../apimachinery/index.ts" : `../../${groupVersion}/types.ts`;
  const names = context.imports.get(path);
  if (names === undefined) context.imports.set(path, new Set([name]));
  else names.add(name);
}

/** As the formatter writes it. */
export function importSource(names: readonly string[], path: string, keyword = "import"): string {
  const line = `${keyword} type { ${names.join(", ")} } from "${path}";`;
  if (line.length <= columns) return line;
  return `${keyword} type {\n${names.map((name) => `  ${name},`).join("\n")}\n} from "${path}";`;
}

function importPath(line: string): string {
  return line.slice(line.indexOf('from "'));
}
