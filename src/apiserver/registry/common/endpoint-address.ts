import { type FieldPath, invalid, parseIpAddress } from "../../../apimachinery/index.ts";
import type { Errors } from "./check.ts";

/** Addresses that no endpoint may have: they mean something else on every node. */
export function checkEndpointIp(text: string, path: FieldPath, errors: Errors): void {
  const address = parseIpAddress(text);
  if (address === undefined) {
    errors.push(invalid(path, text, "must be a valid IP address"));
    return;
  }
  const { bytes } = address;
  const v4 = bytes.length === 4 ? bytes : address.mapped ? bytes.subarray(bytes.length - 4) : undefined;
  const [first = 0, second = 0, third = 0] = v4 ?? bytes;
  const all = (from: number, to: number) => bytes.subarray(from, to).every((byte) => byte === 0);
  const rules: readonly [boolean, string][] =
    v4 === undefined
      ? [
          [all(0, 16), `may not be unspecified (${text})`],
          [all(0, 15) && bytes[15] === 1, loopback],
          [first === 0xfe && (second & 0xc0) === 0x80, linkLocal],
          [first === 0xff && (second & 0x0f) === 2, multicast],
        ]
      : [
          [v4.every((byte) => byte === 0), `may not be unspecified (${text})`],
          [first === 127, loopback],
          [first === 169 && second === 254, linkLocal],
          [first === 224 && second === 0 && third === 0, multicast],
        ];
  for (const [broken, why] of rules) if (broken) errors.push(invalid(path, text, why));
}

const loopback = "may not be in the loopback range (127.0.0.0/8, ::1/128)";
const linkLocal = "may not be in the link-local range (169.254.0.0/16, fe80::/10)";
const multicast = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
