import type { coreV1, Volume } from "../../../api/index.ts";
import { quote } from "../../../apimachinery/index.ts";

/** A file that a volume shows, and what it comes from where a volume has several sources. */
interface Placed {
  readonly path: string;
  readonly source: string;
}

type Items = readonly { readonly path?: string }[];

/** Files of one volume that stand in each other's way: one of them is lost, or the volume cannot be mounted. */
export function volumePathWarnings(volumes: readonly Volume[], warnings: string[]): void {
  for (const { name, configMap, secret, downwardAPI, projected } of volumes) {
    const say = (what: string, overlap: string) =>
      warnings.push(`volume ${quote(name)} (${what}): overlapping paths: ${overlap}`);
    const check = (items: Items | undefined, what: string) => {
      for (const overlap of overlaps(placed(items ?? [], ""))) say(what, overlap);
    };
    check(configMap?.items, `ConfigMap ${quote(configMap?.name ?? "")}`);
    check(secret?.items, `Secret ${quote(secret?.secretName ?? "")}`);
    check(downwardAPI?.items, "DownwardAPI");
    if (projected === undefined) continue;
    const found: Placed[] = [];
    for (const source of projected.sources ?? []) {
      if (Object.values(source).every((one) => one === undefined)) {
        warnings.push(`volume ${quote(name)} (Projected) has no sources provided`);
      } else found.push(...placesOf(source));
    }
    for (const overlap of overlaps(found)) say("Projected", overlap);
  }
}

function placed(items: Items, source: string): readonly Placed[] {
  return items.map(({ path = "" }) => ({ path, source }));
}

function placesOf(source: coreV1.VolumeProjection): readonly Placed[] {
  const { configMap, secret, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (configMap?.items !== undefined) return placed(configMap.items, `ConfigMap ${quote(configMap.name ?? "")}`);
  if (secret?.items !== undefined) return placed(secret.items, `Secret ${quote(secret.name ?? "")}`);
  if (downwardAPI?.items !== undefined) return placed(downwardAPI.items, "DownwardAPI");
  if (serviceAccountToken !== undefined) return placed([serviceAccountToken], "ServiceAccountToken");
  if (clusterTrustBundle !== undefined) {
    const { name, signerName = "" } = clusterTrustBundle;
    return placed([clusterTrustBundle], `ClusterTrustBundle ${quote(name ?? signerName)}`);
  }
  const { certificateChainPath, keyPath, credentialBundlePath } = podCertificate ?? {};
  const files = [
    { path: certificateChainPath ?? "", source: "PodCertificate chain" },
    { path: keyPath ?? "", source: "PodCertificate key" },
    { path: credentialBundlePath ?? "", source: "PodCertificate credential bundle" },
  ];
  return files.filter(({ path }) => path !== "");
}

function overlaps(files: readonly Placed[]): readonly string[] {
  const before: Placed[] = [];
  const found: string[] = [];
  for (const { path: given, source } of files) {
    const file = { path: given.replace(/\/+$/, ""), source };
    for (const other of before)
      if (isInTheWay(file.path, other.path)) found.push(`${shown(file)} with ${shown(other)}`);
    before.push(file);
  }
  return found;
}

function isInTheWay(path: string, other: string): boolean {
  if (path === "" || other === "") return false;
  return `${path}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${path}/`);
}

function shown({ path, source }: Placed): string {
  return source === "" ? quote(path) : `${quote(path)} (${source})`;
}
