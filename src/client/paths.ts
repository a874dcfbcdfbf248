import type { GroupVersionResource } from "../apimachinery/index.ts";
import type { DeleteOptions, GetOptions, ListOptions, WatchOptions, WriteOptions } from "./contract.ts";

export interface ResourceAddress {
  readonly resource: GroupVersionResource;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
}

/** `/api/v1/namespaces/default/pods/web/status`. Names are escaped. */
export function resourcePath(address: ResourceAddress): string {
  const { group, version, resource } = address.resource;
  let path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  if (address.namespace !== undefined) path += `/namespaces/${encodeURIComponent(address.namespace)}`;
  path += `/${resource}`;
  if (address.name !== undefined) path += `/${encodeURIComponent(address.name)}`;
  if (address.subresource !== undefined) path += `/${address.subresource}`;
  return path;
}

type QueryValue = string | number | boolean | undefined;

/** Query parameters; those without a value are left out. */
export type QueryValues = Readonly<Record<string, QueryValue>>;

export function withQuery(path: string, values: QueryValues): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== "" && value !== false) query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

export function getQuery(options: GetOptions): Record<string, QueryValue> {
  return { resourceVersion: options.resourceVersion };
}

export function listQuery(options: ListOptions): Record<string, QueryValue> {
  const { signal: _signal, ...values } = options;
  return values;
}

export function watchQuery(options: WatchOptions): Record<string, QueryValue> {
  const { signal: _signal, ...values } = options;
  return { ...values, watch: true };
}

export function writeQuery(options: WriteOptions): Record<string, QueryValue> {
  return {
    dryRun: options.dryRun === true ? "All" : undefined,
    fieldManager: options.fieldManager,
    fieldValidation: options.fieldValidation,
  };
}

/** The body of a delete, `meta/v1.DeleteOptions`. */
export function deleteBody(options: DeleteOptions): Record<string, unknown> {
  return {
    kind: "DeleteOptions",
    apiVersion: "v1",
    gracePeriodSeconds: options.gracePeriodSeconds,
    preconditions: options.preconditions,
    propagationPolicy: options.propagationPolicy,
    dryRun: options.dryRun === true ? ["All"] : undefined,
  };
}
