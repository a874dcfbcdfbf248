import { parseIpAddress, parseIpPrefix } from "./ip-address.ts";

type Check = (text: string) => boolean;

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const uuid3 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const uuid4 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i;
const uuid5 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i;
const hostLabel = /^[a-zA-Z0-9\p{S}\p{L}]([-a-zA-Z0-9\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?$/u;
const topLabel = /^[a-zA-Z\p{L}]{2,63}$/u;
const oneLabel = /^[a-zA-Z0-9\p{S}\p{L}](-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?$/u;
const shortName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const longName = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/;
const colorPart = String.raw`\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*`;
const rgb = new RegExp(`^rgb\\(${colorPart},${colorPart},${colorPart}\\)$`);
const cardNumber =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;
const mailAddress = /^(?:[^<>"]*<)?([^\s@<>()[\]\\,;:"]+|"(?:[^"\\]|\\.)*")@([^\s@<>()\\,;:"]+)>?$/;
const clockTime = /^(\d\d):(\d\d):(\d\d)(?:.\d+)?(?:z|[+-]\d\d:\d\d)$/;
const goDuration = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const amountWithUnit = /(\d+)[\t\n\f\r ]*([A-Za-zµ]+)/g;
const shortUnit = /^(?:ns|us|µs|ms|s|m|h|hr|d|w|wk)$/i;
const longUnit = /^(?:nano|micro|milli|sec|min|hour|day|week)/i;

/** As Go's `url.ParseRequestURI`: an absolute URI or an absolute path. */
export function isRequestUri(text: string): boolean {
  if (text === "" || /\p{Cc}/u.test(text)) return false;
  const match = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?([\s\S]*)$/.exec(text);
  const [, scheme = "", rest = ""] = match ?? [];
  const [path = ""] = rest.split("?");
  if (!path.startsWith("/")) return scheme !== "";
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return false;
  if (!path.startsWith("//") || (scheme === "" && path.startsWith("///"))) return true;
  if (scheme === "") return true;
  const authority = path.slice(2).split("/")[0] ?? "";
  return isAuthority(authority.slice(authority.lastIndexOf("@") + 1));
}

function isAuthority(host: string): boolean {
  if (host.startsWith("[")) return /^\[[0-9a-fA-F:.%A-Za-z]*\](:\d*)?$/.test(host);
  if (!/^[^\s[\]<>"\\^`{|}]*$/.test(host)) return false;
  const colon = host.lastIndexOf(":");
  return colon < 0 || /^\d*$/.test(host.slice(colon + 1));
}

/** `2006-01-02`, a day that exists. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}

function isDateTime(text: string): boolean {
  const [day = "", time] = text.toLowerCase().split("t");
  if (time === undefined || !isDate(day)) return false;
  const match = clockTime.exec(time);
  return match !== null && Number(match[1]) <= 23 && Number(match[2]) <= 59 && Number(match[3]) <= 59;
}

/** What Go parses, or anywhere a number with a unit like `3 days`. */
function isDuration(text: string): boolean {
  if (goDuration.test(text) || /^[+-]?0$/.test(text)) return true;
  const parts = [...text.matchAll(amountWithUnit)];
  if (parts.some(([, amount = "0"]) => BigInt(amount) >= 2n ** 63n)) return false;
  return parts.some(([, , unit = ""]) => shortUnit.test(unit) || longUnit.test(unit));
}

function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false;
  const labels = text.split(".");
  if (labels.some((label) => Buffer.byteLength(label) > 63)) return false;
  if (labels.length === 1) return oneLabel.test(text);
  return labels.slice(0, -1).every((label) => hostLabel.test(label)) && topLabel.test(labels.at(-1) ?? "");
}

function isCard(text: string): boolean {
  const digits = text.replace(/\D+/g, "");
  if (!cardNumber.test(digits)) return false;
  let sum = 0;
  for (const [index, digit] of [...digits].reverse().entries()) {
    const weighed = Number(digit) * (index % 2 === 0 ? 1 : 2);
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, "");
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce((so, digit, index) => so + (index + 1) * (digit === "X" ? 10 : Number(digit)), 0);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, "");
  if (!/^\d{13}$/.test(digits)) return false;
  const sum = [...digits].slice(0, 12).reduce((so, digit, index) => so + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return Number(digits[12]) === (10 - (sum % 10)) % 10;
}

/** Six, eight or twenty bytes, as Go's `net.ParseMAC`: in pairs, in fours or all together. */
function isMac(text: string): boolean {
  const sizes = new Set([6, 8, 20]);
  if (/^[0-9a-f]+$/i.test(text)) return sizes.has(text.length / 2);
  const pairs = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1)*[0-9a-f]{2}$/i.test(text);
  if (pairs) return sizes.has((text.length + 1) / 3);
  return /^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(text) && sizes.has(((text.length + 1) / 5) * 2);
}

const checks: Readonly<Record<string, Check>> = {
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  uri: isRequestUri,
  email: (text) => mailAddress.test(text.trim()),
  hostname: isHostname,
  ipv4: (text) => parseIpAddress(text) !== undefined && text.includes("."),
  ipv6: (text) => parseIpAddress(text)?.leadingZeros === false && text.includes(":"),
  cidr: (text) => parseIpPrefix(text) !== undefined,
  mac: isMac,
  uuid: (text) => uuid.test(text),
  uuid3: (text) => uuid3.test(text),
  uuid4: (text) => uuid4.test(text),
  uuid5: (text) => uuid5.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCard,
  ssn: (text) => text.length === 11 && /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  rgbcolor: (text) => rgb.test(text),
  byte: (text) => base64.test(text),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && shortName.test(text),
  k8slongname: (text) => text.length <= 253 && longName.test(text),
};

/** How a text of a named format is checked; undefined for names that upstream does not know. Dashes do not count. */
export function stringFormat(name: string): Check | undefined {
  const plain = name.replaceAll("-", "");
  return Object.hasOwn(checks, plain) ? checks[plain] : undefined;
}
