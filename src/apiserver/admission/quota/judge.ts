import type { ResourceQuota } from "../../../api/index.ts";
import { Quantity } from "../../../apimachinery/index.ts";
import type { LimitedResource } from "../configuration.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { refuse } from "../refuse.ts";
import { type Amounts, constraintsOf, matchesScopes, usageOf } from "./evaluators.ts";
import { amountsOf } from "./quota-batches.ts";

type Used = Readonly<Record<string, Quantity>>;

/** What a request takes of each quota, where it takes something; throws where there is not enough. Upstream: `CheckRequest`. */
export function judge(
  quotas: readonly ResourceQuota[],
  attributes: AdmissionAttributes,
  limited: readonly LimitedResource[] = [],
): ReadonlyMap<string, Used> {
  const asked = usageOf(attributes.resource, attributes.object);
  const negative = [...asked].filter(([, amount]) => amount.sign < 0).map(([name]) => name);
  if (negative.length > 0)
    throw refuse(attributes, `quota usage is negative for resource(s): ${negative.toSorted().join(",")}`);
  const left = new Map<string, Used>();
  const concerned = quotas.filter((one) => concerns(one, attributes, attributes.object));
  if (limited.length > 0) checkLimited(concerned, attributes, asked, limited);
  for (const quota of concerned) {
    checkConstraints(quota, attributes, asked);
    const delta = deltaFor(quota, attributes, asked);
    const used = charged(quota, attributes, delta);
    if (used !== undefined) left.set(quota.metadata.name ?? "", used);
  }
  return left;
}

/** Some things may only be taken where a quota speaks of them. */
function checkLimited(
  quotas: readonly ResourceQuota[],
  attributes: AdmissionAttributes,
  asked: Amounts,
  limited: readonly LimitedResource[],
): void {
  const { group, resource } = attributes.resource;
  const parts = limited
    .filter((one) => one.group === group && one.resource === resource)
    .flatMap(({ matchContains }) => matchContains);
  const covered = new Set(quotas.flatMap(({ status }) => Object.keys(status?.hard ?? {})));
  const open = [...asked].filter(
    ([name, amount]) => amount.sign > 0 && !covered.has(name) && parts.some((part) => name.includes(part)),
  );
  if (open.length === 0) return;
  const names = open.map(([name]) => name).toSorted();
  throw refuse(attributes, `insufficient quota to consume: ${names.join(",")}`);
}

/** A quota counts what its status names: that is what its controller keeps up to date. */
function concerns(
  quota: ResourceQuota,
  { resource }: AdmissionAttributes,
  object: AdmissionAttributes["object"],
): boolean {
  const names = Object.keys(quota.status?.hard ?? {});
  const asked = usageOf(resource, object);
  const tracked = names.some((name) => asked.has(name) || constraintsOf(resource, object, [name]) !== undefined);
  return tracked && matchesScopes(quota, resource, object);
}

function checkConstraints(quota: ResourceQuota, attributes: AdmissionAttributes, asked: Amounts): void {
  const name = quota.metadata.name ?? "";
  const hard = Object.keys(quota.status?.hard ?? {});
  const missing = constraintsOf(attributes.resource, attributes.object, hard);
  if (missing !== undefined) throw refuse(attributes, `failed quota: ${name}: must specify ${missing}`);
  const used = quota.status?.used ?? {};
  const unknown = hard.filter((resource) => asked.has(resource) && used[resource] === undefined);
  if (unknown.length === 0) return;
  const resources = unknown.toSorted().join(",");
  throw refuse(attributes, `status unknown for quota: ${name}, resources: ${resources}`);
}

/** Changes are charged by what they add, where the quota counted the object before. */
function deltaFor(
  quota: ResourceQuota,
  { operation, resource, oldObject }: AdmissionAttributes,
  asked: Amounts,
): Amounts {
  if (operation !== "UPDATE" || oldObject === undefined || !matchesScopes(quota, resource, oldObject)) return asked;
  const before = usageOf(resource, oldObject);
  const delta = new Map<string, Quantity>();
  for (const [name, amount] of asked) {
    const more = amount.subtract(before.get(name) ?? Quantity.zero);
    delta.set(name, more.sign < 0 ? Quantity.zero : more);
  }
  return delta;
}

function charged(quota: ResourceQuota, attributes: AdmissionAttributes, delta: Amounts): Used | undefined {
  const hard = amountsOf(quota.status?.hard);
  const used = amountsOf(quota.status?.used);
  const wanted = [...delta].filter(([name, amount]) => !amount.isZero && hard.has(name));
  if (wanted.length === 0) return undefined;
  const total = new Map(wanted.map(([name, amount]) => [name, (used.get(name) ?? Quantity.zero).add(amount)]));
  const over = wanted
    .map(([name]) => name)
    .filter((name) => (total.get(name) ?? Quantity.zero).compare(hard.get(name) ?? Quantity.zero) > 0);
  if (over.length > 0) throw refuse(attributes, exceeded(quota, over.toSorted(), delta, used, hard));
  return Object.fromEntries(total);
}

function exceeded(
  quota: ResourceQuota,
  over: readonly string[],
  asked: ReadonlyMap<string, Quantity>,
  used: ReadonlyMap<string, Quantity>,
  hard: ReadonlyMap<string, Quantity>,
): string {
  const list = (of: ReadonlyMap<string, Quantity>) =>
    over.map((name) => `${name}=${of.get(name)?.toString() ?? "0"}`).join(",");
  return `exceeded quota: ${quota.metadata.name}, requested: ${list(asked)}, used: ${list(used)}, limited: ${list(hard)}`;
}
