export { type DelegatedAccess, type DelegatedAccessOptions, delegatedAccess } from "./delegated-access.ts";
export { type DelegationDefaults, type DelegationFlags, delegationFlags } from "./flags.ts";
