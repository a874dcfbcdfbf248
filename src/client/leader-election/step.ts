import type { LeaseSpec } from "../../api/index.ts";
import { formatMicroTime } from "../../apimachinery/index.ts";

export interface ElectionConfig {
  readonly identity: string;
  /** How long others wait after the last renewal they saw. */
  readonly leaseDurationMs: number;
  /** How long a leader goes on trying to renew before it gives up. */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

/** What a candidate knows. Its own clock alone decides: it never compares with times that others wrote. */
export interface ElectionState {
  /** The record last seen, in its stored form, and when it was seen to change (monotonic). */
  readonly observed: string | undefined;
  readonly observedAtMs: number;
}

export const initialElectionState: ElectionState = { observed: undefined, observedAtMs: 0 };

export type ElectionStep =
  /** Someone else leads. */
  | { readonly kind: "wait"; readonly state: ElectionState; readonly holder: string }
  /** Write this; success means to lead. */
  | { readonly kind: "write"; readonly state: ElectionState; readonly spec: LeaseSpec };

/** Decides from the lease as it is stored now (`undefined`: there is none) what a candidate does. */
export function electionStep(
  state: ElectionState,
  lease: LeaseSpec | undefined,
  now: { readonly wallMs: number; readonly monotonicMs: number },
  config: ElectionConfig,
): ElectionStep {
  const time = formatMicroTime(now.wallMs);
  const leaseDurationSeconds = Math.round(config.leaseDurationMs / 1000);
  if (lease === undefined) {
    const spec = {
      holderIdentity: config.identity,
      leaseDurationSeconds,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: 0,
    };
    return { kind: "write", state, spec };
  }
  const text = JSON.stringify(lease);
  const next = text === state.observed ? state : { observed: text, observedAtMs: now.monotonicMs };
  const holder = lease.holderIdentity ?? "";
  const isHolder = holder === config.identity;
  const heldForMs = (lease.leaseDurationSeconds ?? leaseDurationSeconds) * 1000;
  if (!isHolder && holder !== "" && next.observedAtMs + heldForMs > now.monotonicMs)
    return { kind: "wait", state: next, holder };
  const transitions = lease.leaseTransitions ?? 0;
  const spec: LeaseSpec = {
    holderIdentity: config.identity,
    leaseDurationSeconds,
    acquireTime: isHolder ? (lease.acquireTime ?? time) : time,
    renewTime: time,
    leaseTransitions: isHolder ? transitions : transitions + 1,
  };
  return { kind: "write", state: next, spec };
}

/** The record a leader leaves behind when it goes in good order, so that the next need not wait. */
export function releasedLease(lease: LeaseSpec, wallMs: number): LeaseSpec {
  const time = formatMicroTime(wallMs);
  return {
    holderIdentity: "",
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: lease.leaseTransitions ?? 0,
  };
}
