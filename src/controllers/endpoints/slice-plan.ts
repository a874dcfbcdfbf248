import type { discoveryV1, EndpointSlice } from "../../api/index.ts";
import { isSemanticallyEqual } from "../../reconcile/index.ts";
import { type EndpointGroup, endpointKey, endpointsPerSliceMax } from "./slices.ts";

export interface SlicePlan {
  /** New slices, with these endpoints. */
  readonly create: readonly (readonly discoveryV1.Endpoint[])[];
  readonly update: readonly { readonly slice: EndpointSlice; readonly endpoints: readonly discoveryV1.Endpoint[] }[];
  readonly delete: readonly EndpointSlice[];
  readonly unchanged: readonly EndpointSlice[];
}

interface Draft {
  readonly slice: EndpointSlice;
  endpoints: discoveryV1.Endpoint[];
  changed: boolean;
}

/**
 * How to get one group's endpoints into its slices with few writes: endpoints stay where they are; new ones go first into
 * slices that change anyhow, then into the fullest one that has room for all of the rest, then into new ones.
 */
export function planSlices(group: EndpointGroup, existing: readonly EndpointSlice[]): SlicePlan {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const drafts = existing.map((slice): Draft => keepWanted(slice, wanted));
  const rest = [...wanted.values()];
  for (const draft of drafts) if (draft.changed && draft.endpoints.length > 0) fill(draft, rest);
  while (rest.length >= endpointsPerSliceMax) drafts.push(newDraft(rest.splice(0, endpointsPerSliceMax)));
  if (rest.length > 0) placeLast(drafts, rest);
  return {
    create: drafts.filter((draft) => draft.slice === noSlice).map((draft) => draft.endpoints),
    update: drafts.filter((draft) => draft.slice !== noSlice && draft.changed && draft.endpoints.length > 0),
    delete: drafts
      .filter((draft) => draft.slice !== noSlice && draft.endpoints.length === 0)
      .map((draft) => draft.slice),
    unchanged: drafts
      .filter((draft) => draft.slice !== noSlice && !draft.changed && draft.endpoints.length > 0)
      .map((draft) => draft.slice),
  };
}

const noSlice: EndpointSlice = { metadata: {}, addressType: "IPv4", endpoints: [] };

function newDraft(endpoints: discoveryV1.Endpoint[]): Draft {
  return { slice: noSlice, endpoints, changed: true };
}

/** Takes what the slice has and keeps out of the wanted; what is left in `wanted` has no place yet. */
function keepWanted(slice: EndpointSlice, wanted: Map<string, discoveryV1.Endpoint>): Draft {
  const endpoints: discoveryV1.Endpoint[] = [];
  let changed = false;
  for (const current of slice.endpoints ?? []) {
    const key = endpointKey(current);
    const endpoint = wanted.get(key);
    wanted.delete(key);
    if (endpoint === undefined) changed = true;
    else {
      endpoints.push(endpoint);
      changed ||= !isSemanticallyEqual(endpoint, current);
    }
  }
  return { slice, endpoints, changed };
}

function fill(draft: Draft, rest: discoveryV1.Endpoint[]): void {
  const room = endpointsPerSliceMax - draft.endpoints.length;
  if (room <= 0 || rest.length === 0) return;
  draft.endpoints.push(...rest.splice(0, room));
  draft.changed = true;
}

function placeLast(drafts: Draft[], rest: discoveryV1.Endpoint[]): void {
  const roomy = drafts
    .filter((draft) => draft.endpoints.length > 0 && draft.endpoints.length + rest.length <= endpointsPerSliceMax)
    .sort((a, b) => b.endpoints.length - a.endpoints.length);
  // A slice that would be deleted can as well be used again.
  const target = roomy[0] ?? drafts.find((draft) => draft.slice !== noSlice && draft.endpoints.length === 0);
  if (target === undefined) drafts.push(newDraft(rest.splice(0)));
  else fill(target, rest);
}
