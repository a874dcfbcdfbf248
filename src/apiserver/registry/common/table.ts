import { ageText, type KubeObject, type Labels, type ObjectMeta } from "../../../apimachinery/index.ts";
import type { TableColumns } from "../contract.ts";

export type Cell = string | number | boolean | null;

/** One column and how to read its cell. Columns of priority 1 are shown by `-o wide` only. */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: string;
  readonly description: string;
  readonly priority: number;
  readonly cell: (object: T, nowMs: number) => Cell;
}

type Read<T> = (object: T, nowMs: number) => Cell;

export function text<T>(name: string, description: string, cell: Read<T>): Column<T> {
  return { name, type: "string", description, priority: 0, cell };
}

export function integer<T>(name: string, description: string, cell: Read<T>): Column<T> {
  return { name, type: "integer", description, priority: 0, cell };
}

export function flag<T>(name: string, description: string, cell: Read<T>): Column<T> {
  return { name, type: "boolean", description, priority: 0, cell };
}

export function wide<T>(column: Column<T>): Column<T> {
  return { ...column, priority: 1 };
}

export const nameColumn: Column<{ readonly metadata: ObjectMeta }> = {
  name: "Name",
  type: "string",
  format: "name",
  description: "The name of the object, unique among its kind and namespace.",
  priority: 0,
  cell: ({ metadata }) => metadata.name ?? "",
};

export const ageColumn: Column<{ readonly metadata: ObjectMeta }> = {
  name: "Age",
  type: "string",
  description: "The time since the object was created.",
  priority: 0,
  cell: ({ metadata }, nowMs) => ageText(metadata.creationTimestamp, nowMs),
};

/** Of kinds that upstream prints no columns of their own for. */
export const createdAtColumn: Column<{ readonly metadata: ObjectMeta }> = {
  name: "Created At",
  type: "date",
  description: "When the object was created.",
  priority: 0,
  cell: ({ metadata }) => metadata.creationTimestamp ?? null,
};

export function defineTable<T extends KubeObject>(columns: readonly Column<T>[]): TableColumns<T> {
  return {
    columns: columns.map(({ name, type, format, description, priority }) => ({
      name,
      type,
      ...(format === undefined ? {} : { format }),
      description,
      priority,
    })),
    row: (object, nowMs) => columns.map(({ cell }) => cell(object, nowMs)),
  };
}

export function none(value: string | undefined): string {
  return value === undefined || value === "" ? "<none>" : value;
}

/** `a=b,c=d`, sorted; `<none>` where there are none. */
export function labelsText(labels: Labels | undefined): string {
  return none(
    Object.entries(labels ?? {})
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(","),
  );
}

interface WithContainers {
  readonly containers?: readonly { readonly name: string; readonly image?: string }[];
}

/** The two wide columns of everything that has a pod template. */
export function containerColumns<T>(specOf: (object: T) => WithContainers | undefined): readonly Column<T>[] {
  const list = (object: T, field: "name" | "image") =>
    (specOf(object)?.containers ?? []).map((one) => one[field] ?? "").join(",");
  return [
    wide(text("Containers", "The names of the containers in the template.", (object: T) => list(object, "name"))),
    wide(text("Images", "The images of the containers in the template.", (object: T) => list(object, "image"))),
  ];
}

/** The first three, and how many more there are. `count` is of all. */
export function firstThree(shown: readonly string[], count: number): string {
  const list = shown.slice(0, 3).join(",");
  return count > 3 ? `${list} + ${count - 3} more...` : none(list);
}
