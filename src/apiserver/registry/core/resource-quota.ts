import type { coreV1, ResourceQuota } from "../../../api/index.ts";
import { type FieldPath, fieldPath, fieldImmutableError, invalid, required } from "../../../apimachinery/index.ts";
import { checkEach, type Errors } from "../common/check.ts";
import { collect, keep, statusOnly } from "../common/lifecycle.ts";
import { checkQuantityOf, checkQuotaResourceName, isStandardQuotaResource } from "../common/resources.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

type Spec = coreV1.ResourceQuotaSpec;
type Amounts = Readonly<Record<string, string>>;

const specPath = fieldPath("spec");
const statusPath = fieldPath("status");

export const resourceQuotaStrategy: Strategy<ResourceQuota> = {
  prepareForCreate(quota) {
    quota.status = {};
  },
  prepareForUpdate: (quota, old) => keep(quota, old, "status"),
  validate: ({ spec = {} }) => collect((errors) => checkSpec(spec, errors)),
  validateUpdate: ({ spec = {} }, old) =>
    collect((errors) => {
      checkSpec(spec, errors);
      const set = (scopes: readonly string[] | undefined) => JSON.stringify([...new Set(scopes)].sort());
      if (set(spec.scopes) !== set(old.spec?.scopes)) {
        errors.push(invalid(specPath.child("scopes"), spec.scopes ?? null, fieldImmutableError));
      }
    }),
  allowUnconditionalUpdate: true,
  status: statusOnly<ResourceQuota>(({ status = {} }, _old, errors) => {
    checkAmounts(status.hard ?? {}, statusPath.child("hard"), errors);
    checkAmounts(status.used ?? {}, statusPath.child("used"), errors);
  }),
  table: defineTable([
    nameColumn,
    text("Request", "What is used, of what may be requested.", (quota) => usedText(quota, false)),
    text("Limit", "What is used, of what limits may amount to.", (quota) => usedText(quota, true)),
    ageColumn,
  ]),
};

function usedText({ status }: ResourceQuota, limits: boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => name.startsWith("limits.") === limits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? "0"}/${hard}`)
    .join(", ");
}

function checkAmounts(amounts: Amounts, path: FieldPath, errors: Errors): void {
  for (const [name, value] of Object.entries(amounts)) {
    checkQuotaResourceName(name, path.key(name), errors);
    checkQuantityOf(name, value, path.key(name), errors);
  }
}

function checkSpec(spec: Spec, errors: Errors): void {
  checkAmounts(spec.hard ?? {}, specPath.child("hard"), errors);
  checkScopes(spec, errors);
  checkScopeSelector(spec, errors);
}

const podResources: ReadonlySet<string> = new Set([
  "pods",
  "cpu",
  "memory",
  "limits.cpu",
  "limits.memory",
  "requests.cpu",
  "requests.memory",
]);
const claimResources: ReadonlySet<string> = new Set(["persistentvolumeclaims", "requests.storage"]);
/** Which resources a scope can count. */
const scopes: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["Terminating", podResources],
  ["NotTerminating", podResources],
  ["NotBestEffort", podResources],
  ["PriorityClass", podResources],
  ["CrossNamespacePodAffinity", podResources],
  ["BestEffort", new Set(["pods"])],
  ["VolumeAttributesClass", claimResources],
]);
const opposites = [
  ["BestEffort", "NotBestEffort"],
  ["NotTerminating", "Terminating"],
];

/** How many of the limited resources the scope cannot count. */
function uncounted(scope: string, hard: Amounts): number {
  const counted = scopes.get(scope);
  return Object.keys(hard).filter((name) => isStandardQuotaResource(name) && counted?.has(name) === false).length;
}

function checkScopes({ scopes: list = [], hard = {} }: Spec, errors: Errors): void {
  const path = specPath.child("scopes");
  for (const scope of list) {
    if (!scopes.has(scope)) errors.push(invalid(path, list, "unsupported scope"));
    for (let i = uncounted(scope, hard); i > 0; i--) {
      errors.push(invalid(path, list, "unsupported scope applied to resource"));
    }
  }
  checkOpposites(list, list, path, errors);
}

function checkOpposites(list: readonly string[], shown: unknown, path: FieldPath, errors: Errors): void {
  for (const pair of opposites) {
    if (pair.every((scope) => list.includes(scope))) errors.push(invalid(path, shown, "conflicting scopes"));
  }
}

const existsOnly = ["Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "CrossNamespacePodAffinity"];
const mustExist =
  "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";

/** Upstream shows the selector as it has it inside, where fields have no JSON names. */
function internalForm(requirements: readonly coreV1.ScopedResourceSelectorRequirement[]): unknown {
  const MatchExpressions = requirements.map(({ scopeName, operator, values }) => ({
    ...{ ScopeName: scopeName, Operator: operator },
    Values: values ?? null,
  }));
  return { MatchExpressions };
}

function checkScopeSelector({ scopeSelector, hard = {} }: Spec, errors: Errors): void {
  if (scopeSelector === undefined) return;
  const path = specPath.child("scopeSelector").child("matchExpressions");
  const requirements = scopeSelector.matchExpressions ?? [];
  const shown = internalForm(requirements);
  // Upstream does not say which of them.
  checkEach(requirements, path, errors, ({ scopeName, operator, values = [] }) => {
    if (!scopes.has(scopeName)) errors.push(invalid(path.child("scopeName"), scopeName, "unsupported scope"));
    for (let i = uncounted(scopeName, hard); i > 0; i--) {
      errors.push(invalid(path, shown, "unsupported scope applied to resource"));
    }
    if (existsOnly.includes(scopeName) && operator !== "Exists") {
      errors.push(invalid(path.child("operator"), operator, mustExist));
    }
    if (operator === "In" || operator === "NotIn") {
      const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      if (values.length === 0) errors.push(required(path.child("values"), why));
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      if (values.length > 0) errors.push(invalid(path.child("values"), values, why));
    } else errors.push(invalid(path.child("operator"), operator, "not a valid selector operator"));
  });
  const names = requirements.map(({ scopeName }) => scopeName);
  checkOpposites(names, shown, path, errors);
}
