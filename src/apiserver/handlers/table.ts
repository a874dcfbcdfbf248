import { humanDuration, type KubeObject } from "../../apimachinery/index.ts";
import type { ResourceDescriptor, TableColumns } from "../registry/contract.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

/** What kinds without columns of their own show. */
const generic: TableColumns<KubeObject> = {
  columns: [
    {
      name: "Name",
      type: "string",
      format: "name",
      description: "Name of the object, unique within its namespace.",
      priority: 0,
    },
    { name: "Age", type: "string", description: "Time since the object was created.", priority: 0 },
  ],
  row: (object, nowMs) => [object.metadata.name ?? "", ageOf(object, nowMs)],
};

function ageOf(object: KubeObject, nowMs: number): string {
  const created = object.metadata.creationTimestamp;
  return created === undefined || created === null ? "<unknown>" : humanDuration(nowMs - Date.parse(created));
}

/** What of a resource tells its columns. */
type Shown<T extends KubeObject = KubeObject> = {
  readonly strategy: Pick<ResourceDescriptor<T>["strategy"], "table">;
};

export function tableColumnsOf(descriptor: Shown): TableColumns<KubeObject> {
  return descriptor.strategy.table ?? generic;
}

export function columnDefinitions(descriptor: Shown): readonly unknown[] {
  return tableColumnsOf(descriptor).columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format: format ?? "",
    description,
    priority,
  }));
}

export function tableRow(
  descriptor: Shown,
  object: KubeObject,
  include: IncludeObject,
  nowMs: number,
  version: string,
): unknown {
  const cells = tableColumnsOf(descriptor).row(object, nowMs);
  if (include === "None") return { cells, object: null };
  return { cells, object: include === "Object" ? object : partial(object, version) };
}

export function tableOf(
  descriptor: Shown,
  parts: {
    readonly metadata: unknown;
    readonly rows: readonly unknown[];
    readonly columns: boolean;
    readonly version: string;
  },
): unknown {
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${parts.version}`,
    metadata: parts.metadata,
    columnDefinitions: parts.columns ? columnDefinitions(descriptor) : [],
    rows: parts.rows,
  };
}

/** `PartialObjectMetadata` of an object. */
export function partial(object: KubeObject, version = "v1"): unknown {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}
