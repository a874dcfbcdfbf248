/** A whole nftables table as a value. Rules and elements are in nft's own syntax, without table and family. */
export interface Table {
  readonly family: "ip" | "ip6" | "inet";
  readonly name: string;
  readonly comment?: string;
  readonly chains: ReadonlyMap<string, Chain>;
  readonly sets: ReadonlyMap<string, ElementSet>;
  readonly maps: ReadonlyMap<string, ElementMap>;
}

export interface Chain {
  /** Only base chains have one; all others are reached by jump, goto or a verdict map. */
  readonly hook?: Hook;
  readonly rules: readonly string[];
}

export interface Hook {
  readonly type: "filter" | "nat" | "route";
  readonly at: "prerouting" | "input" | "forward" | "output" | "postrouting";
  /** Lower runs earlier. A number, or a name such as `dstnat` with an offset. */
  readonly priority: number | string;
  readonly policy?: "accept" | "drop";
}

export type ElementFlag = "constant" | "dynamic" | "interval" | "timeout";

export interface ElementSet {
  /** For example `ipv4_addr . inet_proto . inet_service`. */
  readonly type: string;
  readonly flags?: readonly ElementFlag[];
  readonly timeoutSeconds?: number;
  readonly elements: ReadonlySet<string>;
}

/** With the value type `verdict` it is a verdict map. */
export interface ElementMap {
  readonly type: string;
  readonly value: string;
  readonly flags?: readonly ElementFlag[];
  readonly elements: ReadonlyMap<string, string>;
}

/** Joins the fields of a concatenated key or type. */
export function concat(...parts: readonly (string | number)[]): string {
  return parts.join(" . ");
}

/** A comment that ends a rule. nft allows 128 bytes and no double quotes. */
export function comment(text: string): string {
  return `comment "${text.replaceAll(/["\\\n]/g, "'").slice(0, 120)}"`;
}

export const emptyTable = (family: Table["family"], name: string): Table => ({
  family,
  name,
  chains: new Map(),
  sets: new Map(),
  maps: new Map(),
});
