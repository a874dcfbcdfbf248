import { quantityMilli, quantityValue } from "../quantity.ts";
import type { Container, Pod } from "../types.ts";

/** What is only known on the node when a pod's fields are read. */
export interface DownwardFacts {
  readonly podIps: readonly string[];
  readonly hostIps: readonly string[];
  readonly nodeName: string;
  /** What a container without limits may use. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** `fieldRef`. Throws for a field that cannot be read. */
export function fieldValue(pod: Pod, path: string, facts: DownwardFacts): string {
  const subscript = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path);
  if (subscript !== null) {
    const map = subscript[1] === "labels" ? pod.metadata.labels : pod.metadata.annotations;
    return map?.[subscript[2] ?? ""] ?? "";
  }
  const read = simpleFields[path];
  if (read === undefined) throw new Error(`unsupported fieldPath: ${path}`);
  return read(pod, facts);
}

const simpleFields: Readonly<Record<string, (pod: Pod, facts: DownwardFacts) => string>> = {
  "metadata.name": (pod) => pod.metadata.name ?? "",
  "metadata.namespace": (pod) => pod.metadata.namespace ?? "",
  "metadata.uid": (pod) => pod.metadata.uid ?? "",
  "metadata.labels": (pod) => formatMap(pod.metadata.labels),
  "metadata.annotations": (pod) => formatMap(pod.metadata.annotations),
  "spec.nodeName": (pod, facts) => pod.spec?.nodeName ?? facts.nodeName,
  "spec.serviceAccountName": (pod) => pod.spec?.serviceAccountName ?? "",
  "status.hostIP": (_, facts) => facts.hostIps[0] ?? "",
  "status.hostIPs": (_, facts) => facts.hostIps.join(","),
  "status.podIP": (_, facts) => facts.podIps[0] ?? "",
  "status.podIPs": (_, facts) => facts.podIps.join(","),
};

/** One `key="value"` per line, sorted by key, quoted as Go does. */
export function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${JSON.stringify(map?.[key] ?? "")}`)
    .join("\n");
}

/** `resourceFieldRef`, for example `limits.cpu`, in units of the divisor, rounded up. */
export function resourceValue(
  container: Container,
  reference: { readonly resource: string; readonly divisor?: string | number },
  facts: DownwardFacts,
): string {
  const [kind, ...rest] = reference.resource.split(".");
  const name = rest.join(".");
  const own = kind === "limits" ? container.resources?.limits?.[name] : container.resources?.requests?.[name];
  const quantity = own ?? (kind === "limits" ? facts.allocatable[name] : undefined);
  if (kind !== "limits" && kind !== "requests")
    throw new Error(`unsupported container resource : ${reference.resource}`);
  const divisor = isZero(reference.divisor) ? "1" : (reference.divisor ?? "1");
  if (name === "cpu") return String(Math.ceil(quantityMilli(quantity) / quantityMilli(divisor)));
  return String(Math.ceil(quantityValue(quantity) / quantityValue(divisor)));
}

function isZero(divisor: string | number | undefined): boolean {
  return divisor === undefined || divisor === "" || quantityMilli(divisor) === 0;
}
