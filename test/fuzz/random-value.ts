import type { Choice } from "./choice.ts";

/** A schema of OpenAPI v3, as the server publishes it. */
export interface OpenApiSchema {
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly string[];
  readonly properties?: Readonly<Record<string, OpenApiSchema>>;
  readonly required?: readonly string[];
  readonly items?: OpenApiSchema;
  readonly additionalProperties?: OpenApiSchema;
  readonly allOf?: readonly OpenApiSchema[];
  readonly oneOf?: readonly OpenApiSchema[];
  readonly $ref?: string;
}

export type Schemas = Readonly<Record<string, OpenApiSchema>>;

const depthMax = 9;
/** Below these depths so large a part of the optional fields is set. */
const density = [0.5, 0.5, 0.5, 0.3, 0.3];
const densityBelow = 0.15;

/** What is valid somewhere, and what has broken other servers. */
const words: readonly string[] = [
  ...["", "a", "default", "web", "kube-system", "-", "A", "a.b", "a/b", "a".repeat(64), "a".repeat(254), "x=y", "*"],
  ...["true", "0", "-1", "1", "10", "1Gi", "100m", "1e9", "10%", "101%", "::1", "10.0.0.1", "256.1.1.1", "10.0.0.0/24"],
  ...["fd00::/64", "http", "TCP", "UDP", "SCTP", "ClusterIP", "NodePort", "ExternalName", "LoadBalancer", "Always"],
  ...["Never", "OnFailure", "RollingUpdate", "Recreate", "OnDelete", "Exists", "In", "NotIn", "DoesNotExist", "Retain"],
  ...["NoSchedule", "NoExecute", "Delete", "ReadWriteOnce", "Filesystem", "Block", "v1", "apps/v1", "Pod", "Node"],
  ...["*/5 * * * *", "@daily", "2026-01-01T00:00:00Z", "not a time", "self.x == 1", "object.spec.replicas > 1", "'a'"],
  ...["[1,2].map(x,x)", "\u0000", "é", "日本", "😀", "\ud800", "metadata.name", "..", "/", "a b", "a\nb", "<script>"],
  ...["%00", "https://127.0.0.1:9/x", "pods", "kubernetes.io/metadata.name", "node.kubernetes.io/x", "Burstable"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "${x}", "{}", "[]", "null"],
];
const integers = [
  0,
  1,
  2,
  3,
  -1,
  80,
  443,
  65_535,
  65_536,
  2_147_483_647,
  2_147_483_648,
  -2_147_483_649,
  1.5,
  "1",
  30_000,
];
const misfits: readonly unknown[] = [null, 1, "x", [], {}, true, -1, 1e20, [null], { ["__proto__"]: 1 }];
const anything: readonly unknown[] = [0, 1, "80", "http", "10%", "1Gi", "100m", -1, { a: 1 }, [1], null, "2"];

/** Makes values that mostly fit a schema, filled with what is mostly not valid. */
export class RandomValues {
  readonly #choice: Choice;
  readonly #schemas: Schemas;

  constructor(choice: Choice, schemas: Schemas) {
    this.#choice = choice;
    this.#schemas = schemas;
  }

  word(): string {
    return this.#choice.of(words);
  }

  value(schema: OpenApiSchema | undefined, depth = 0): unknown {
    if (schema === undefined || depth > depthMax) return this.#choice.chance(0.5) ? {} : this.word();
    const inner = schema.allOf?.[0] ?? (schema.oneOf === undefined ? undefined : this.#choice.of(schema.oneOf));
    if (inner !== undefined) return this.value(inner, depth);
    if (schema.$ref !== undefined) return this.value(this.#schemas[schema.$ref.split("/").at(-1) ?? ""], depth);
    return this.#choice.chance(0.01) ? this.#choice.of(misfits) : this.#fitting(schema, depth);
  }

  #fitting(schema: OpenApiSchema, depth: number): unknown {
    const choice = this.#choice;
    switch (schema.type) {
      case "object":
        return schema.additionalProperties === undefined
          ? this.#object(schema, depth)
          : this.#map(schema.additionalProperties, depth);
      case "array":
        return Array.from({ length: choice.chance(0.7) ? 1 : choice.below(4) }, () =>
          this.value(schema.items, depth + 1),
        );
      case "string":
        return this.#text(schema);
      case "integer":
        return choice.of(integers);
      case "number":
        return choice.of([0, 1.5, -1, 1e300]);
      case "boolean":
        return choice.chance(0.9) ? choice.chance(0.5) : "true";
      default:
        return choice.of(anything);
    }
  }

  #object({ properties = {}, required = [] }: OpenApiSchema, depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    const probability = density[depth] ?? densityBelow;
    for (const [name, schema] of Object.entries(properties)) {
      const isSet = this.#choice.chance(required.includes(name) ? 0.95 : probability);
      if (isSet) object[name] = this.value(schema, depth + 1);
    }
    if (this.#choice.chance(0.03)) object[this.word()] = this.word();
    return object;
  }

  #map(values: OpenApiSchema, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (let left = this.#choice.below(3); left > 0; left -= 1) map[this.word()] = this.value(values, depth + 1);
    return map;
  }

  #text({ enum: allowed, format }: OpenApiSchema): string {
    if (allowed !== undefined && this.#choice.chance(0.8)) return this.#choice.of(allowed);
    if (format === "date-time" && this.#choice.chance(0.8)) return "2026-01-01T00:00:00Z";
    if (format === "byte" && this.#choice.chance(0.8)) return "aGVsbG8=";
    return this.word();
  }
}
