import { type IpAddress, type IpPrefix, parseIpAddress, parseIpPrefix, quote } from "../../validation/index.ts";

/** What Go's `netip` makes of a text, and why it makes nothing of it. */
export type Parsed<T> = { readonly value: T } | { readonly problem: string };

/** An address without a zone that is not IPv4 written as IPv6. */
export function strictAddress(text: string): Parsed<IpAddress> {
  const [bare = "", ...zone] = text.split("%");
  const value = parseIpAddress(bare);
  const dots = bare.indexOf(".");
  const colons = bare.indexOf(":");
  const isV4 = dots >= 0 && (colons < 0 || dots < colons);
  if (value === undefined || value.leadingZeros || (isV4 && zone.length > 0)) {
    const problem = isV4 ? v4Problem(text) : colons >= 0 ? v6Problem(text) : "unable to parse IP";
    return {
      problem: `IP Address ${quote(text)} parse error during conversion from string: ParseAddr(${quote(text)}): ${problem}`,
    };
  }
  if (zone.length > 0) return { problem: `IP address ${quote(text)} with zone value is not allowed` };
  if (value.mapped) return { problem: `IPv4-mapped IPv6 address ${quote(text)} is not allowed` };
  return { value };
}

/** A range as `netip.ParsePrefix` takes it: no zone, no leading zeros. */
export function strictPrefix(text: string): Parsed<IpPrefix> {
  const outer = "network address parse error during conversion from string";
  const wrong = (why: string) => ({ problem: `${outer}: ${outer}: netip.ParsePrefix(${quote(text)}): ${why}` });
  const slash = text.lastIndexOf("/");
  if (slash < 0) return wrong("no '/'");
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  if (address.includes("%")) return wrong("IPv6 zones cannot be present in a prefix");
  const parsed = strictAddress(address);
  if ("problem" in parsed && !parsed.problem.startsWith("IPv4-mapped")) {
    return wrong(parsed.problem.slice(parsed.problem.indexOf("ParseAddr(")));
  }
  if (!/^(0|[1-9]\d*)$/.test(bits)) return wrong(`bad bits after slash: ${quote(bits)}`);
  if (Number(bits) > ("problem" in parsed || address.includes(":") ? 128 : 32)) {
    return wrong("prefix length out of range");
  }
  if ("problem" in parsed) {
    return { problem: `${outer}: IPv4-mapped IPv6 address ${quote(text)} is not allowed` };
  }
  const value = parseIpPrefix(text);
  return value === undefined ? wrong("unable to parse IP") : { value };
}

function v4Problem(text: string): string {
  let octets = 0;
  let [value, digits] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character >= "0" && character <= "9") {
      if (digits === 1 && value === 0) return "IPv4 field has octet with leading zero";
      value = value * 10 + Number(character);
      digits++;
      if (value > 255) return "IPv4 field has value >255";
    } else if (character === ".") {
      const rest = `(at ${quote(text.slice(at))})`;
      if (at === 0 || at === text.length - 1 || text[at - 1] === ".") {
        return `IPv4 field must have at least one digit ${rest}`;
      }
      if (octets === 3) return "IPv4 address too long";
      octets++;
      [value, digits] = [0, 0];
    } else return `unexpected character (at ${quote(text.slice(at))})`;
  }
  return "IPv4 address too short";
}

function v6Problem(text: string): string {
  let rest = text;
  let groups = 0;
  let hasEllipsis = false;
  if (rest.startsWith("::")) {
    hasEllipsis = true;
    rest = rest.slice(2);
  }
  while (groups < 8 && rest !== "") {
    const digits = /^[0-9a-fA-F]*/.exec(rest)?.[0] ?? "";
    const here = `(at ${quote(rest)})`;
    if (digits.length > 4) return `each group must have 4 or less digits ${here}`;
    if (digits === "") return `each colon-separated field must have at least one digit ${here}`;
    groups++;
    rest = rest.slice(digits.length);
    if (rest === "") break;
    if (rest[0] === ".") return "embedded IPv4 address must replace the final 2 fields of the address";
    if (rest[0] !== ":") return `unexpected character, want colon (at ${quote(rest)})`;
    if (rest.length === 1) return `colon must be followed by more characters (at ${quote(rest)})`;
    rest = rest.slice(1);
    if (rest[0] !== ":") continue;
    if (hasEllipsis) return `multiple :: in address (at ${quote(rest)})`;
    hasEllipsis = true;
    rest = rest.slice(1);
  }
  if (rest !== "") return `trailing garbage after address (at ${quote(rest)})`;
  return "address string too short";
}
