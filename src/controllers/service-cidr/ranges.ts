import { BlockList, isIP } from "node:net";

export interface Range {
  readonly family: "ipv4" | "ipv6";
  readonly addresses: BlockList;
}

/** `undefined` for what is no CIDR. */
export function parseRange(text: string): Range | undefined {
  const [address = "", length = ""] = text.split("/");
  const version = isIP(address);
  if (version === 0 || !/^[0-9]+$/.test(length)) return undefined;
  const family = version === 4 ? "ipv4" : "ipv6";
  const addresses = new BlockList();
  addresses.addSubnet(address, Number(length), family);
  return { family, addresses };
}

export function contains({ family, addresses }: Range, address: string): boolean {
  return isIP(address) === (family === "ipv4" ? 4 : 6) && addresses.check(address, family);
}
