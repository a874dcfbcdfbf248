/** A link's name has at most 15 characters. */
const ID_PATTERN = /^[a-z0-9]{1,10}$/;

/** Everything of one node or cluster in the kernel carries its id, and is found and removed by it. */
export function checkId(id: string): string {
  if (!ID_PATTERN.test(id)) throw new Error(`${JSON.stringify(id)} must be 1 to 10 lower-case letters and digits`);
  return id;
}

/** The bridge that a node's pods are attached to. */
export const podBridge = (id: string): string => `cni-${checkId(id)}`;

/** The link without a peer that the Service range is routed to. */
export const serviceLink = (id: string): string => `svc-${checkId(id)}`;

/** The bridge that the nodes of one cluster are attached to. */
export const nodeBridge = (id: string): string => `net-${checkId(id)}`;

/** The machine's end of a node's veth pair. `number` is below 1,000. */
export const nodeLink = (id: string, number: number): string => `n${number}-${checkId(id)}`;

export const guardTable = (id: string): string => `k8ts-guard-${checkId(id)}`;
