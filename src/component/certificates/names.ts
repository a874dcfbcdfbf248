import { isIPv4, isIPv6 } from "node:net";
import { type Node, oid, read, readOid, sequence, set, tlv, utf8 } from "./der.ts";

/** The parts of a distinguished name that Kubernetes reads: the user and its groups. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

const organization = "2.5.4.10";
const commonName = "2.5.4.3";

export function encodeSubject(subject: Subject): Buffer {
  const attribute = (type: string, value: string) => set(sequence(oid(type), utf8(value)));
  return sequence(
    ...(subject.organizations ?? []).map((value) => attribute(organization, value)),
    ...(subject.commonName === "" ? [] : [attribute(commonName, subject.commonName)]),
  );
}

export function decodeSubject(name: Node): Subject {
  const organizations: string[] = [];
  let common = "";
  for (const relative of read(name.content)) {
    for (const attribute of read(relative.content)) {
      const [type, value] = read(attribute.content);
      if (type === undefined || value === undefined) continue;
      const id = readOid(type);
      if (id === organization) organizations.push(value.content.toString());
      if (id === commonName) common = value.content.toString();
    }
  }
  return { commonName: common, organizations };
}

export interface AlternativeNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly emailAddresses?: readonly string[];
  readonly uris?: readonly string[];
}

/** GeneralNames, RFC 5280 §4.2.1.6. */
export function encodeAlternativeNames(names: AlternativeNames): Buffer {
  return sequence(
    ...(names.emailAddresses ?? []).map((value) => tlv(0x81, Buffer.from(value))),
    ...names.dnsNames.map((value) => tlv(0x82, Buffer.from(value))),
    ...(names.uris ?? []).map((value) => tlv(0x86, Buffer.from(value))),
    ...names.ipAddresses.map((value) => tlv(0x87, ipBytes(value))),
  );
}

export function decodeAlternativeNames(names: Buffer): Required<AlternativeNames> {
  const found = {
    dnsNames: [] as string[],
    ipAddresses: [] as string[],
    emailAddresses: [] as string[],
    uris: [] as string[],
  };
  for (const name of read(read(names)[0]?.content ?? Buffer.alloc(0))) {
    if (name.type === 0x81) found.emailAddresses.push(name.content.toString());
    if (name.type === 0x82) found.dnsNames.push(name.content.toString());
    if (name.type === 0x86) found.uris.push(name.content.toString());
    if (name.type === 0x87) found.ipAddresses.push(ipText(name.content));
  }
  return found;
}

function ipBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  if (!isIPv6(address)) throw new Error(`not an IP address: ${address}`);
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const front = groups(head);
  const back = tail === undefined ? [] : groups(tail);
  const all = [...front, ...new Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function ipText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join(".");
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
