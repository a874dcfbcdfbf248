import type { FieldSchema, ObjectSchema, Schema } from "./contract.ts";
import type { CompiledType, JsonObject } from "./compiled-type.ts";
import { member, SourceWriter } from "./source-writer.ts";
import { copyJson } from "./values.ts";

/** Defaults that depend on other fields, by schema name. Run after the type's plain ones, before its fields' own. */
export type ComputedDefaults = ReadonlyMap<string, (object: never) => void>;

/** Whether a value of this schema can lack anything that defaulting would fill in. */
export function needsDefaults(schema: Schema, computed: ComputedDefaults, seen = new Set<Schema>()): boolean {
  if (schema.type === "list") return needsDefaults(schema.items, computed, seen);
  if (schema.type === "map") return needsDefaults(schema.values, computed, seen);
  if (schema.type !== "object" || seen.has(schema)) return false;
  seen.add(schema);
  if (schema.name !== undefined && computed.has(schema.name)) return true;
  for (const field of schema.fields.values()) {
    if (field.facts.default !== undefined || needsDefaults(field.schema, computed, seen)) return true;
  }
  return false;
}

export function generateDefaults(type: CompiledType): (object: JsonObject) => void {
  const { schema, family } = type;
  const writer = new SourceWriter();
  writer.line("let x;");
  for (const field of schema.fields.values()) writePlainDefault(writer, field);
  for (const name of namesOf(schema)) {
    const computed = family.computed.get(name);
    if (computed !== undefined) writer.line(`${writer.constant(computed)}(o);`);
  }
  for (const field of schema.fields.values()) writeNested(writer, field, type);
  return writer.make("o") as (object: JsonObject) => void;
}

/** Of the struct itself and of those inlined into it. */
function namesOf(schema: ObjectSchema): string[] {
  const inlined = (schema.inlined ?? []).flatMap((inner) => namesOf(inner.schema));
  return schema.name === undefined ? inlined : [schema.name, ...inlined];
}

function writePlainDefault(writer: SourceWriter, field: FieldSchema): void {
  const { facts } = field;
  if (facts.default === undefined || (isZero(facts.default) && !facts.pointer)) return;
  const target = member("o", field.name);
  const empty = field.schema.type === "list" ? `${target}.length === 0` : `${target} === "" || ${target} === 0`;
  const zero = facts.pointer ? "" : ` || ${empty}`;
  const value =
    typeof facts.default === "object"
      ? `${writer.constant(() => copyJson(facts.default))}()`
      : writer.constant(facts.default);
  writer.line(`if (${target} === undefined || ${target} === null${zero}) ${target} = ${value};`);
}

function isZero(value: unknown): boolean {
  return value === "" || value === 0 || value === false;
}

function writeNested(writer: SourceWriter, field: FieldSchema, type: CompiledType): void {
  const nested = field.schema;
  const inner = nested.type === "list" ? nested.items : nested.type === "map" ? nested.values : nested;
  if (inner.type !== "object") return;
  const child = type.family.type(inner);
  if (!child.hasDefaults) return;
  const target = member("o", field.name);
  const defaults = `${writer.constant(child)}.defaults`;
  if (nested.type === "object" && !field.facts.pointer) writer.line(`if (${target} === undefined) ${target} = {};`);
  writer.line(`x = ${target}; if (x !== undefined && x !== null) {`);
  if (nested.type === "list") writer.line(`for (let i = 0; i < x.length; i++) ${defaults}(x[i]);`);
  else if (nested.type === "map") writer.line(`for (const k in x) ${defaults}(x[k]);`);
  else writer.line(`${defaults}(x);`);
  writer.line("}");
}
