import { internalFormOf, type IPAddress, type ServiceCIDR } from "../../../api/index.ts";
import {
  fieldImmutableError,
  fieldPath,
  invalid,
  isDns1123Subdomain,
  isPathSegmentName,
  parseIpPrefix,
  required,
  validateCidr,
  validateImmutableField,
  validateIp,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, type Errors } from "../common/check.ts";
import { collect, keep, metadataKeptByStatus, statusAlone, statusOnly } from "../common/lifecycle.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkSegment } from "./paths.ts";

const shownParent = internalFormOf("networking/v1", "ParentReference");
const parentPath = fieldPath("spec", "parentRef");
const cidrsPath = fieldPath("spec", "cidrs");

/** Its name is the address. */
export const ipAddressStrategy: Strategy<IPAddress> = {
  validateName: (name) =>
    collect((errors) => validateIp(name, fieldPath("name"), errors)).map(({ detail }) => detail ?? ""),
  validate: ({ spec }) => collect((errors) => checkParent(spec?.parentRef, errors)),
  validateUpdate: ({ spec }, old) =>
    collect((errors) => {
      checkParent(spec?.parentRef, errors);
      validateImmutableField(spec?.parentRef, old.spec?.parentRef, parentPath, errors, shownParent);
    }),
  allowUnconditionalUpdate: true,
  table: defineTable([
    nameColumn,
    text("ParentRef", "What has the address.", ({ spec }) => {
      const { group = "", resource = "", namespace = "", name = "" } = spec?.parentRef ?? {};
      if (spec?.parentRef === undefined) return "<none>";
      const kind = (group === "" ? resource : `${resource}.${group}`).toLowerCase();
      return namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
    }),
  ]),
};

function checkParent(parent: IPAddress["spec"]["parentRef"] | undefined, errors: Errors): void {
  if (parent === undefined) {
    errors.push(required(parentPath));
    return;
  }
  const { group = "", namespace = "" } = parent;
  if (group !== "") addMessages(isDns1123Subdomain(group), group, parentPath.child("group"), errors);
  checkSegment(parent.resource, parentPath.child("resource"), "", errors);
  checkSegment(parent.name, parentPath.child("name"), "", errors);
  if (namespace !== "") addMessages(isPathSegmentName(namespace), namespace, parentPath.child("namespace"), errors);
}

export const serviceCidrStrategy: Strategy<ServiceCIDR> = {
  prepareForUpdate: (range, old) => keep(range, old, "status"),
  validate: ({ spec }) => collect((errors) => checkCidrs(spec?.cidrs ?? [], errors)),
  validateUpdate: ({ spec }, old) => collect((errors) => checkCidrsChange(spec?.cidrs, old.spec?.cidrs ?? [], errors)),
  allowUnconditionalUpdate: true,
  status: statusOnly<ServiceCIDR>(undefined, metadataKeptByStatus),
  resetFields: statusAlone,
  table: defineTable([
    nameColumn,
    text("CIDRs", "The ranges that addresses of Services come from.", ({ spec }) => (spec?.cidrs ?? []).join(",")),
    ageColumn,
  ]),
};

function checkCidrs(cidrs: readonly string[], errors: Errors): void {
  if (cidrs.length === 0) errors.push(required(cidrsPath, "at least one CIDR required"));
  else if (cidrs.length > 2) errors.push(invalid(cidrsPath, { CIDRs: cidrs }, "may only hold up to 2 values"));
  if (cidrs.length === 0 || cidrs.length > 2) return;
  checkEach(cidrs, cidrsPath, errors, validateCidr);
  const [one, other] = cidrs.map((cidr) => parseIpPrefix(cidr)?.address.family);
  if (cidrs.length < 2 || one === undefined || one !== other) return;
  const why = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64";
  errors.push(invalid(cidrsPath, cidrs, why));
}

/** One range may get a second one, of the other family. */
function checkCidrsChange(given: readonly string[] | undefined, before: readonly string[], errors: Errors): void {
  const cidrs = given ?? [];
  const gains = before.length === 1 && cidrs.length === 2;
  if (cidrs.length !== before.length && !gains) {
    errors.push(invalid(cidrsPath, given ?? null, fieldImmutableError));
    return;
  }
  for (const [index, cidr] of before.entries()) {
    if (cidr !== cidrs[index]) errors.push(invalid(cidrsPath.index(index), cidrs[index], fieldImmutableError));
  }
  if (gains) checkCidrs(cidrs, errors);
}
