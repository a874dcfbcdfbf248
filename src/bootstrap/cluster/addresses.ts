import { networkInterfaces } from "node:os";
import { isIPv4 } from "node:net";

/** The first IPv4 address of this machine that is not loopback or link-local; `undefined` when it has none. */
export function machineAddress(): string | undefined {
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (/^(cni|k8ts|veth|docker|br-)/.test(name)) continue;
    const found = addresses?.find(
      ({ address, internal }) => isIPv4(address) && !internal && !address.startsWith("169.254."),
    );
    if (found !== undefined) return found.address;
  }
  return undefined;
}

/** The address `offset` places after the first of an IPv4 range. */
export function addressIn(cidr: string, offset: number): string {
  const [base = ""] = cidr.split("/");
  const value = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0) + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}
