import assert from "node:assert/strict";
import { test } from "node:test";
import { tests } from "@bufbuild/cel-spec/testdata/conformance.js";
import { CelEnvironment } from "./environment.ts";
import { setLibrary } from "./libraries/collections.ts";
import { laterStrings } from "./libraries/strings.ts";
import { languageLibraries } from "./standard.ts";
import {
  type CelType,
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listOf,
  mapOf,
  nullType,
  optionalOf,
  stringType,
  timestampType,
  typeText,
  uintType,
} from "./types.ts";
import { parseDuration, parseTimestamp } from "./times.ts";
import { EntriesMap, equal, TypeValue, Uint, type Value } from "./values.ts";

/** The public conformance cases of the language, as protobuf's JSON has them. */
type Json = Readonly<Record<string, unknown>>;
interface Suite {
  readonly name: string;
  readonly suites?: readonly Suite[];
  readonly tests?: readonly { readonly original: Json & { readonly expr: string } }[];
}

const environment = new CelEnvironment({
  libraries: [...languageLibraries, laterStrings, setLibrary],
  homogeneousLiterals: false,
  bindings: true,
  quotedFields: true,
});

/** Extensions that Kubernetes does not turn on. */
const elsewhere = new Set(["encoders_ext", "math_ext", "block_ext"]);

/** Of the cases in the package as it is pinned. */
const passedLeast = 1364;

/** Protobuf messages and enums, which no expression in Kubernetes meets: its objects are JSON. */
const messages =
  /google\.protobuf\.(?!Timestamp|Duration)|\bproto[23]?\.|TestAllTypes|NestedTestAllTypes|GlobalEnum|TestRequired/;

/** What Kubernetes has in older versions of the extensions, or as cel-go has it, with other results. */
const otherwise: Readonly<Record<string, RegExp>> = {
  "string_ext/format": /%[.0-9]*e|Infinity|NaN|\[\[|\[\{|\[dyn\(\[|str_var/,
  "string_ext/value_errors": /ndexOf\('a', 30\)/,
  "fields/qualified_identifier_resolution": /^\{(3\.3:15|null:|true:1|0: 1, 0u)/,
  "timestamps/duration_converters": /getMilliseconds/,
};

/** So many of those do give other results. */
const differing = 24;

class Unsupported extends Error {}

const scalars: Readonly<Record<string, CelType>> = {
  BOOL: boolType,
  INT64: intType,
  UINT64: uintType,
  DOUBLE: doubleType,
  STRING: stringType,
  BYTES: bytesType,
  TIMESTAMP: timestampType,
  DURATION: durationType,
  ANY: dynType,
};

function typeOf(type: Json): CelType {
  if ("primitive" in type || "wellKnown" in type)
    return scalars[String(type["primitive"] ?? type["wellKnown"])] ?? dynType;
  if ("dyn" in type) return dynType;
  if ("null" in type) return nullType;
  if (type["messageType"] === "google.protobuf.Duration") return durationType;
  if ("abstractType" in type) {
    const { name, parameterTypes = [] } = type["abstractType"] as { name: string; parameterTypes?: Json[] };
    if (name === "optional_type") return optionalOf(typeOf(parameterTypes[0] ?? {}));
  }
  if ("listType" in type) return listOf(typeOf((type["listType"] as Json)["elemType"] as Json));
  if ("mapType" in type) {
    const { keyType, valueType } = type["mapType"] as { keyType: Json; valueType: Json };
    return mapOf(typeOf(keyType), typeOf(valueType));
  }
  throw new Unsupported();
}

function numberOf(value: unknown): number {
  if (value === "NaN") return Number.NaN;
  return value === "Infinity"
    ? Number.POSITIVE_INFINITY
    : value === "-Infinity"
      ? Number.NEGATIVE_INFINITY
      : Number(value);
}

function valueOf(json: Json): Value {
  const [[kind, value] = ["nullValue", null]] = Object.entries(json);
  switch (kind) {
    case "nullValue":
      return null;
    case "boolValue":
      return value as boolean;
    case "int64Value":
      return BigInt(value as string);
    case "uint64Value":
      return new Uint(BigInt(value as string));
    case "doubleValue":
      return numberOf(value);
    case "stringValue":
      return value as string;
    case "bytesValue":
      return new Uint8Array(Buffer.from(value as string, "base64"));
    case "typeValue":
      return new TypeValue(value as string);
    case "listValue":
      return ((value as { values?: Json[] }).values ?? []).map(valueOf);
    case "mapValue": {
      const map = new EntriesMap();
      for (const entry of (value as { entries?: { key: Json; value: Json }[] }).entries ?? []) {
        map.add(valueOf(entry.key), valueOf(entry.value));
      }
      return map;
    }
    case "objectValue":
      return wellKnown(value as Json);
    default:
      throw new Unsupported();
  }
}

function wellKnown(json: Json): Value {
  const type = String(json["@type"]).split("/").at(-1);
  const text = String(json["value"]);
  if (type === "google.protobuf.Duration") return parseDuration(text) ?? null;
  if (type === "google.protobuf.Timestamp") return parseTimestamp(text) ?? null;
  throw new Unsupported();
}

/** Undefined: as it should be. */
function problemOf(original: Json & { readonly expr: string }): string | undefined {
  const typeEnv = (original["typeEnv"] ?? []) as readonly (Json & { name: string; ident?: { type: Json } })[];
  if (original["container"] !== undefined || typeEnv.some(({ ident }) => ident === undefined)) throw new Unsupported();
  if (messages.test(JSON.stringify(original))) throw new Unsupported();
  const variables = new Map(typeEnv.map(({ name, ident }) => [name, typeOf(ident?.type ?? {})]));
  const given = new Map(
    Object.entries((original["bindings"] ?? {}) as Record<string, { value: Json }>).map(([name, { value }]) => [
      name,
      valueOf(value),
    ]),
  );
  for (const name of given.keys()) if (!variables.has(name)) variables.set(name, dynType);
  const failing = "evalError" in original || "anyEvalErrors" in original;
  const wanted = failing
    ? undefined
    : valueOf(
        (original["value"] ?? (original["typedResult"] as Json | undefined)?.["result"] ?? { boolValue: true }) as Json,
      );
  const compiled = environment.compile(original.expr, { variables, costLimit: Number.POSITIVE_INFINITY });
  if (compiled.type === "error") {
    // Kubernetes evaluates nothing that does not pass the checker.
    if (original["disableCheck"] === true && !failing) throw new Unsupported();
    return failing ? undefined : compiled.message;
  }
  const deduced = (original["typedResult"] as { readonly deducedType?: Json } | undefined)?.deducedType;
  if (deduced !== undefined) {
    const [found, right] = [typeText(compiled.program.resultType), typeText(typeOf(deduced))];
    if (found !== right) return `its type is ${found}, not ${right}`;
  }
  if (original["checkOnly"] === true) return undefined;
  let value: Value;
  try {
    ({ value } = compiled.program.evaluate((name) => given.get(name)));
  } catch (error) {
    return failing ? undefined : String(error);
  }
  if (failing || wanted === undefined) return "it should have failed";
  const same = equal(value, wanted) || (Number.isNaN(value) && Number.isNaN(wanted));
  return same ? undefined : `it gave ${String(value)}`;
}

test("the language's conformance cases", () => {
  let [passed, different, skipped] = [0, 0, 0];
  const failures: string[] = [];
  const visit = (suite: Suite, path: string) => {
    for (const inner of suite.suites ?? []) visit(inner, `${path}/${inner.name}`);
    for (const { original } of suite.tests ?? []) {
      try {
        const problem = problemOf(original);
        if (problem === undefined) passed++;
        else if (otherwise[path]?.test(original.expr) === true) different++;
        else failures.push(`${path}: ${original.expr}: ${problem.split("\n")[0]}`);
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        skipped++;
      }
    }
  };
  for (const suite of (tests as Suite).suites ?? []) {
    if (!elsewhere.has(suite.name)) visit(suite, suite.name);
  }
  assert.deepEqual(failures, []);
  assert.equal(different, differing);
  assert.ok(
    passed >= passedLeast,
    `${passed} passed, ${skipped} need protobuf messages, containers, or unchecked expressions`,
  );
});
