import { parseQuantity, Quantity } from "../../../apimachinery/index.ts";
import type { ResourceQuota } from "../../../api/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { matchesScopes, type Usage, usageOf } from "../quota/evaluators.ts";
import { refuse } from "../refuse.ts";

/** What a quota has granted since its status was written; forgotten when the status catches up or after a while. */
interface Charge {
  readonly key: string;
  readonly usage: Usage;
  readonly at: number;
}

const chargesMax = 1_000;

/**
 * Refuses what would exceed a quota of the namespace. The controller keeps `status.used`; what this server has let
 * through since that was written counts on top, so that a burst cannot slip past. Upstream: "Resource Quotas".
 */
export function resourceQuota(objects: ClusterObjects): AdmissionPlugin {
  /** Quota uid → what was charged against which version of its status. */
  const charged = new Map<string, { version: string; charges: Charge[] }>();
  return {
    name: "ResourceQuota",
    handles: (operation, resource, subresource) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      subresource === "" &&
      resource.resource !== "resourcequotas",
    validate(attributes) {
      if (attributes.namespace === "" || attributes.dryRun) return;
      const quotas = [...objects.list<ResourceQuota>("", "resourcequotas", attributes.namespace)];
      if (quotas.length === 0) return;
      const asked = usageOf(attributes);
      if (asked === undefined) return;
      const granted: (() => void)[] = [];
      for (const quota of quotas) {
        if (!matchesScopes(quota, attributes)) continue;
        const charge = check(quota, asked, attributes);
        if (charge !== undefined) granted.push(charge);
      }
      for (const charge of granted) charge();
    },
  };

  function check(quota: ResourceQuota, asked: Usage, attributes: AdmissionAttributes): (() => void) | undefined {
    const hard = quota.status?.hard ?? quota.spec?.hard ?? {};
    const relevant = Object.keys(hard).filter(
      (name) => asked.required.has(name) || (asked.amounts.get(name)?.sign ?? 0) > 0,
    );
    const missing = Object.keys(hard).filter((name) => asked.mustSpecify.has(name));
    if (missing.length > 0) {
      throw refuse(attributes, `failed quota: ${quota.metadata.name}: must specify ${describeMissing(missing, asked)}`);
    }
    const wanted = relevant.filter((name) => (asked.amounts.get(name)?.sign ?? 0) > 0);
    if (wanted.length === 0) return undefined;
    const used = usedOf(quota);
    const over = wanted.filter((name) => {
      const total = (used.get(name) ?? Quantity.zero).add(asked.amounts.get(name) ?? Quantity.zero);
      return total.compare(parseQuantity(hard[name] ?? "0")) > 0;
    });
    if (over.length > 0) throw refuse(attributes, exceeded(quota, over.toSorted(), asked, used, hard));
    return () =>
      remember(quota, { key: `${attributes.resource.resource}/${attributes.name}`, usage: asked, at: charged.size });
  }

  function usedOf(quota: ResourceQuota): Map<string, Quantity> {
    const used = new Map(Object.entries(quota.status?.used ?? {}).map(([name, text]) => [name, parseQuantity(text)]));
    const record = charged.get(quota.metadata.uid ?? "");
    if (record?.version !== JSON.stringify(quota.status?.used ?? {})) return used;
    for (const { usage } of record.charges) {
      for (const [name, amount] of usage.amounts) used.set(name, (used.get(name) ?? Quantity.zero).add(amount));
    }
    return used;
  }

  function remember(quota: ResourceQuota, charge: Charge): void {
    const uid = quota.metadata.uid ?? "";
    const version = JSON.stringify(quota.status?.used ?? {});
    const record = charged.get(uid);
    const charges = record?.version === version ? record.charges : [];
    charges.push(charge);
    if (charges.length > chargesMax) charges.shift();
    charged.set(uid, { version, charges });
  }
}

function describeMissing(missing: readonly string[], asked: Usage): string {
  return missing
    .toSorted()
    .map((name) => `${name} for: ${asked.unspecifiedBy.join(",")}`)
    .join("; ");
}

function exceeded(
  quota: ResourceQuota,
  over: readonly string[],
  asked: Usage,
  used: ReadonlyMap<string, Quantity>,
  hard: Readonly<Record<string, string>>,
): string {
  const list = (of: (name: string) => string) => over.map((name) => `${name}=${of(name)}`).join(",");
  return (
    `exceeded quota: ${quota.metadata.name}, requested: ${list((name) => asked.amounts.get(name)?.toString() ?? "0")}, ` +
    `used: ${list((name) => used.get(name)?.toString() ?? "0")}, limited: ${list((name) => hard[name] ?? "0")}`
  );
}
