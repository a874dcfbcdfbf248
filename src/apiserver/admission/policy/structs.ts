import {
  CelMap,
  type CelType,
  dynType,
  jsonOf,
  type ObjectField,
  stringType,
  type StructProvider,
  structValue,
  type Value,
} from "../../../apimachinery/index.ts";

const patchFields = new Map<string, ObjectField>([
  ["op", { name: "op", type: stringType }],
  ["path", { name: "path", type: stringType }],
  ["from", { name: "from", type: stringType }],
  ["value", { name: "value", type: dynType }],
]);

/** `Object{…}`, `Object.spec{…}` and so on, and `JSONPatch{…}`, which mutations are made of. */
export const mutationStructs: StructProvider = {
  find(name): CelType | undefined {
    if (name === "JSONPatch") return { kind: "object", name, fields: patchFields };
    return name === "Object" || name.startsWith("Object.") ? { kind: "object", name } : undefined;
  },
  create(type, fields): CelMap {
    return structValue(type.kind === "object" ? type.name : "", fields);
  },
};

type Configuration = Readonly<Record<string, unknown>>;

/** What an `Object{…}` says, as JSON. Throws where its parts are not of the types that their places have. */
export function configurationOf(value: Value): Configuration | undefined {
  if (!(value instanceof CelMap) || value.typeName !== "Object") return undefined;
  checkTypeNames(value, value.typeName);
  return jsonOf(value) as Configuration;
}

/** What a list of `JSONPatch{…}` says, as JSON. */
export function patchOf(value: Value): readonly unknown[] | undefined {
  if (!Array.isArray(value)) return undefined;
  for (const operation of value as readonly Value[]) {
    const given = operation instanceof CelMap ? operation.get("value") : undefined;
    if (given instanceof CelMap && isMade(given)) checkTypeNames(given, given.typeName ?? "");
  }
  return jsonOf(value) as readonly unknown[];
}

function checkTypeNames(value: Value, path: string): void {
  const problems = typeProblems(value, path);
  if (problems.length > 0) throw new Error(`type mismatch: ${problems.join("\n")}`);
}

/** Lists and maps have no names of their own. */
function typeProblems(value: Value, path: string): readonly string[] {
  if (Array.isArray(value)) return (value as readonly Value[]).flatMap((item) => typeProblems(item, path));
  if (!(value instanceof CelMap)) return [];
  const made = isMade(value);
  const below = value
    .keys()
    .flatMap((key) => typeProblems(value.get(key) ?? null, made ? `${path}.${String(key)}` : path));
  if (!made || value.typeName === path) return below;
  const [given, expected] = [JSON.stringify(value.typeName), JSON.stringify(path)];
  return [
    `unexpected type name ${given}, expected ${expected}, which matches field name path from root Object type`,
    ...below,
  ];
}

function isMade({ typeName }: CelMap): boolean {
  return typeName === "Object" || typeName?.startsWith("Object.") === true;
}
