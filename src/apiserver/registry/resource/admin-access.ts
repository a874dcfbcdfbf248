import type { ResourceClaimTemplate, resourceV1 } from "../../../api/index.ts";
import { type FieldError, type FieldPath, fieldPath, forbidden, internal } from "../../../apimachinery/index.ts";
import type { Strategy } from "../contract.ts";
import type { StrategyTable } from "../descriptors.ts";

type ResourceClaim = resourceV1.ResourceClaim;
type Result = resourceV1.DeviceRequestAllocationResult;
/** Undefined where there is no such namespace. */
type LabelsOf = (namespace: string) => Readonly<Record<string, string>> | undefined;

const claims = "resource.k8s.io/resourceclaims";
const templates = "resource.k8s.io/resourceclaimtemplates";
const adminLabel = "resource.kubernetes.io/admin-access";
const requestsPath = fieldPath("spec", "devices", "requests");
const resultsPath = fieldPath("status", "allocation", "devices", "results");

/** Adds to the strategies of claims that only namespaces with the label may ask for devices that others use. */
export function withAdminAccess(strategies: StrategyTable, labelsOf: LabelsOf): StrategyTable {
  const check = (namespace = "", path: FieldPath | undefined): readonly FieldError[] => {
    if (path === undefined) return [];
    const labels = labelsOf(namespace);
    if (labels === undefined) {
      const why = `could not retrieve namespace to verify admin access: namespaces "${namespace}" not found`;
      return [internal(path, why)];
    }
    if (labels[adminLabel] === "true") return [];
    const why = `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`;
    return [forbidden(path, why)];
  };
  const own = strategies.get(claims) as Strategy<ResourceClaim> | undefined;
  const ofTemplates = strategies.get(templates) as Strategy<ResourceClaimTemplate> | undefined;
  const checked: Strategy<ResourceClaim> = {
    ...own,
    validate: (claim, context) => [
      ...(own?.validate?.(claim, context) ?? []),
      ...check(claim.metadata.namespace, requested(claim.spec)),
    ],
    status: {
      ...own?.status,
      validateUpdate: (claim, old, context) => [
        ...(own?.status?.validateUpdate?.(claim, old, context) ?? []),
        // What was allocated once stays.
        ...(granted(old) === undefined ? check(claim.metadata.namespace, granted(claim)) : []),
      ],
    },
  };
  const checkedTemplates: Strategy<ResourceClaimTemplate> = {
    ...ofTemplates,
    validate: (template, context) => [
      ...(ofTemplates?.validate?.(template, context) ?? []),
      ...check(template.metadata.namespace, requested(template.spec.spec)),
    ],
  };
  return new Map([
    ...strategies,
    [claims, checked as unknown as Strategy],
    [templates, checkedTemplates as unknown as Strategy],
  ]);
}

function requested({ devices }: resourceV1.ResourceClaimSpec): FieldPath | undefined {
  const index = devices?.requests?.findIndex(({ exactly }) => exactly?.adminAccess === true) ?? -1;
  return index < 0 ? undefined : requestsPath.index(index).child("adminAccess");
}

function granted({ status }: ResourceClaim): FieldPath | undefined {
  const results: readonly Result[] = status?.allocation?.devices?.results ?? [];
  const index = results.findIndex(({ adminAccess }) => adminAccess === true);
  return index < 0 ? undefined : resultsPath.index(index).child("adminAccess");
}
