import {
  type Amounts,
  isInScopes,
  type QuotaEvaluator,
  type QuotaSurroundings,
  quotaEvaluator,
  type ResourceQuota,
  type ScopedResourceSelectorRequirement,
  scopesOf,
} from "../../../api/index.ts";
import { type KubeObject, newUnknownError, Quantity } from "../../../apimachinery/index.ts";
import type { LimitedResource } from "../configuration.ts";
import type { AdmissionAttributes } from "../contract.ts";
import { refuse } from "../refuse.ts";
import { amountsOf } from "./quota-batches.ts";

type Used = Readonly<Record<string, Quantity>>;

/** What decides beside the quotas themselves. */
export interface JudgeInputs {
  readonly limited: readonly LimitedResource[];
  readonly surroundings: QuotaSurroundings;
}

/** A request, and what it takes. */
interface Charge {
  readonly attributes: AdmissionAttributes;
  readonly object: KubeObject;
  readonly evaluator: QuotaEvaluator;
  readonly asked: Amounts;
  /** What is asked for beyond what the object took before. */
  readonly more: Amounts;
}

/** What a request leaves of each quota that it takes something of; throws where there is not enough. Upstream: `CheckRequest`. */
export function judge(
  quotas: readonly ResourceQuota[],
  attributes: AdmissionAttributes,
  inputs: JudgeInputs,
): ReadonlyMap<string, Used> {
  const { resource, object, oldObject, operation } = attributes;
  if (object === undefined) return new Map();
  const evaluator = quotaEvaluator(resource);
  const { surroundings } = inputs;
  const concerned = quotas.filter((quota) => checkConcern(quota, attributes, object, evaluator, surroundings));
  const asked = evaluator.usage(object, surroundings);
  const negative = [...asked].filter(([, amount]) => amount.sign < 0).map(([name]) => name);
  if (negative.length > 0)
    throw refuse(attributes, `quota usage is negative for resource(s): ${negative.toSorted().join(",")}`);
  const before =
    operation === "UPDATE" && oldObject !== undefined ? evaluator.usage(oldObject, surroundings) : undefined;
  const charge = { attributes, object, evaluator, asked, more: before === undefined ? asked : beyond(asked, before) };
  const deltas = new Map(concerned.map((quota) => [quota, deltaFor(quota, charge)]));
  const all = concerned.length === 0 ? [charge.more] : [...deltas.values()];
  if (all.every((delta) => [...delta.values()].every((amount) => amount.isZero))) return new Map();
  checkLimited(quotas, concerned, charge, inputs);
  const left = new Map<string, Used>();
  for (const [quota, delta] of deltas) {
    const used = charged(quota, attributes, delta);
    if (used !== undefined) left.set(quota.metadata.name ?? "", used);
  }
  return left;
}

/** A quota counts what its status names: that is what its controller keeps up to date. */
function checkConcern(
  quota: ResourceQuota,
  attributes: AdmissionAttributes,
  object: KubeObject,
  evaluator: QuotaEvaluator,
  surroundings: QuotaSurroundings,
): boolean {
  const names = Object.keys(quota.status?.hard ?? {}).filter((name) => evaluator.tracks(name, surroundings));
  if (names.length === 0 || !isInScopes(quota, evaluator, object)) return false;
  const called = quota.metadata.name ?? "";
  const lacking = evaluator.lacking?.(names, object);
  if (lacking !== undefined) throw refuse(attributes, `failed quota: ${called}: ${lacking}`);
  const used = quota.status?.used ?? {};
  if (names.every((name) => used[name] !== undefined)) return true;
  throw refuse(attributes, `status unknown for quota: ${called}, resources: ${names.toSorted().join(",")}`);
}

/** Some things may only be taken where a quota speaks of them, and some objects only be made where one has their scope. */
function checkLimited(
  quotas: readonly ResourceQuota[],
  concerned: readonly ResourceQuota[],
  { attributes, object, evaluator, asked }: Charge,
  { limited, surroundings }: JudgeInputs,
): void {
  if (limited.length === 0) return;
  const { group, resource } = attributes.resource;
  const parts = limited
    .filter((one) => one.group === group && one.resource === resource)
    .flatMap(({ matchContains }) => matchContains);
  const covered = new Set(concerned.flatMap(({ status }) => Object.keys(status?.hard ?? {})));
  const open = [...asked].filter(
    ([name, amount]) =>
      amount.sign > 0 &&
      parts.some((part) => name.includes(part)) &&
      !(covered.has(name) && evaluator.tracks(name, surroundings)),
  );
  if (open.length > 0) {
    const names = open.map(([name]) => name).toSorted();
    throw refuse(attributes, `insufficient quota to consume: ${names.join(",")}`);
  }
  const isIn = (scope: ScopedResourceSelectorRequirement) => evaluator.inScope?.(scope, object) === true;
  const had = new Set(quotas.flatMap((quota) => scopesOf(quota).filter(isIn)).map(({ scopeName }) => scopeName));
  // The scopes of all entries count, whatever resource these are about.
  const missing = limited
    .flatMap(({ matchScopes }) => matchScopes.filter(isIn))
    .filter((one) => !had.has(one.scopeName));
  if (missing.length > 0) throw newUnknownError(`insufficient quota to match these scopes: ${goScopes(missing)}`);
}

/** `[{PriorityClass In [a b]}]`. */
function goScopes(scopes: readonly ScopedResourceSelectorRequirement[]): string {
  const texts = scopes.map(
    ({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(" ")}]}`,
  );
  return `[${texts.join(" ")}]`;
}

function beyond(asked: Amounts, before: Amounts): Amounts {
  const delta = new Map<string, Quantity>();
  for (const [name, amount] of asked) {
    const more = amount.subtract(before.get(name) ?? Quantity.zero);
    delta.set(name, more.sign < 0 ? Quantity.zero : more);
  }
  return delta;
}

/** Changes are charged by what they add, where the quota counted the object before. */
function deltaFor(quota: ResourceQuota, { attributes, evaluator, asked, more }: Charge): Amounts {
  const { operation, oldObject } = attributes;
  if (operation !== "UPDATE" || oldObject === undefined) return asked;
  return isInScopes(quota, evaluator, oldObject) ? more : asked;
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
  // What a controller found out is charged, even where it is too much.
  if (over.length > 0 && attributes.subresource !== "status")
    throw refuse(attributes, exceeded(quota, over.toSorted(), delta, used, hard));
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
