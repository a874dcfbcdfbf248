import type { FlowControl } from "../handlers/pipeline.ts";
import { isLongRunning } from "../handlers/pipeline.ts";
import type { InFlight } from "../handlers/in-flight.ts";
import { refused } from "./fairness.ts";

export interface MaxInFlightOptions {
  /** `--max-requests-inflight`; 0 for no limit. */
  readonly reading: number;
  /** `--max-mutating-requests-inflight`; 0 for no limit. */
  readonly mutating: number;
}

const mutatingVerbs: ReadonlySet<string> = new Set(["create", "update", "patch", "delete", "deletecollection"]);
const mutatingMethods: ReadonlySet<string> = new Set(["post", "put", "patch", "delete"]);
const go = { type: "go", release: () => {} } as const;

/** Two plain limits, where priority and fairness is off. Administrators are let through, so that they can help. */
export function maxInFlight(
  limits: MaxInFlightOptions,
  inFlight: () => Pick<InFlight, "reading" | "mutating">,
): FlowControl {
  return ({ info, user }) => {
    if (isLongRunning(info)) return go;
    const mutating = (info.isResourceRequest ? mutatingVerbs : mutatingMethods).has(info.verb);
    const limit = mutating ? limits.mutating : limits.reading;
    // The request itself is counted already.
    const current = mutating ? inFlight().mutating : inFlight().reading;
    if (limit === 0 || current <= limit || user.groups.includes("system:masters")) return go;
    return refused();
  };
}
