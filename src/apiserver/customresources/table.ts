import { ageText, type KubeObject, shortHumanDuration } from "../../apimachinery/index.ts";
import type { CustomResourceColumnDefinition } from "../../api/index.ts";
import type { TableColumns } from "../registry/contract.ts";
import { compileJsonPath } from "./json-path.ts";

type Cell = string | number | boolean | null;

/** What `kubectl get` shows: the name, then the definition's columns, or the age when it names none. */
export function customTable(columns: readonly CustomResourceColumnDefinition[] | undefined): TableColumns<KubeObject> {
  const shown = columns?.length ? columns : [ageColumn];
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
      ...shown.map(({ name, type, format, description, priority }) => ({
        name,
        type: type as "string",
        ...(format === undefined ? {} : { format }),
        description: description ?? `Custom resource definition column (in JSONPath format): ${name}`,
        priority: priority ?? 0,
      })),
    ],
    row: (object, nowMs) => [
      object.metadata.name ?? "",
      ...readers.map(({ read, type }) => cell(read(object)[0], type, nowMs)),
    ],
  };
}

const ageColumn: CustomResourceColumnDefinition = {
  name: "Age",
  type: "date",
  jsonPath: ".metadata.creationTimestamp",
};

function cell(value: unknown, type: string, nowMs: number): Cell {
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

function dateCell(value: string, nowMs: number): string {
  const ms = Date.parse(value);
  if (Number.isNaN(ms)) return "<invalid>";
  return ms > nowMs ? shortHumanDuration(ms - nowMs) : ageText(value, nowMs);
}
