export { type DelegationDefaults, type DelegationFlags, delegationFlags } from "./flags.ts";
