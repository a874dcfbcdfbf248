import { ageText, type KubeObject } from "../../apimachinery/index.ts";
import type { CustomResourceColumnDefinition } from "../../api/index.ts";
import type { TableColumns } from "../registry/contract.ts";
import { compileJsonPath } from "./json-path.ts";

type Cell = string | number | boolean | null;

/** What `kubectl get` shows: the name, then the definition's columns, or the age when it names none. */
export function customTable(columns: readonly CustomResourceColumnDefinition[] | undefined): TableColumns<KubeObject> {
  const shown = readable(columns?.length ? columns : [ageColumn]);
  const readers = shown.map(({ jsonPath, type }) => ({ read: compileJsonPath(jsonPath), type }));
  return {
    columns: [
      {
        name: "Name",
        type: "string",
        format: "name",
        description: "Name of the object, unique within its scope.",
        priority: 0,
      },
      ...shown.map(({ name, type, format, description, priority, jsonPath }) => ({
        name,
        type: type as "string",
        ...(format === undefined ? {} : { format }),
        description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
        priority: priority ?? 0,
      })),
    ],
    row: (object, nowMs) => [
      object.metadata.name ?? "",
      ...readers.map(({ read, type }) => cell(read(object)[0], type, nowMs)),
    ],
  };
}

/** Those before the first whose path nobody can follow: upstream gives up there too. */
function readable(columns: readonly CustomResourceColumnDefinition[]): readonly CustomResourceColumnDefinition[] {
  const bad = columns.findIndex(({ jsonPath }) => {
    try {
      compileJsonPath(jsonPath);
      return false;
    } catch {
      return true;
    }
  });
  return bad < 0 ? columns : columns.slice(0, bad);
}

const ageColumn: CustomResourceColumnDefinition = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
};

function cell(found: unknown, type: string, nowMs: number): Cell {
  const value = typeof found === "bigint" && type !== "string" ? Number(found) : found;
  if (value === null && type === "string") return "<no value>";
  if (value === undefined || value === null) return null;
  switch (type) {
    case "integer":
      return typeof value === "number" ? Math.trunc(value) : null;
    case "number":
      return typeof value === "number" ? value : null;
    case "boolean":
      return typeof value === "boolean" ? value : null;
    case "date":
      return typeof value === "string" ? dateCell(value, nowMs) : null;
    default:
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function dateCell(value: string, nowMs: number): string {
  if (value === "" || value === "null") return "<unknown>";
  return rfc3339.test(value) && !Number.isNaN(Date.parse(value)) ? ageText(value, nowMs) : "<invalid>";
}
