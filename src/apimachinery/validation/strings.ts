/** Rules for strings. Each returns upstream's messages, empty when the value is fine. */
export type Messages = readonly string[];

const fine: Messages = [];

export const dns1123LabelMaxLength = 63;
export const dns1123SubdomainMaxLength = 253;
export const dns1035LabelMaxLength = 63;
export const labelValueMaxLength = 63;

export function maxLengthError(length: number): string {
  return `must be no more than ${length} characters`;
}

export function maxBytesError(length: number): string {
  return `must be no more than ${length} bytes`;
}

export function inclusiveRangeError(low: number, high: number): string {
  return `must be between ${low} and ${high}, inclusive`;
}

export const emptyError = "must be non-empty";
export const isNegativeError = "must be greater than or equal to 0";
export const fieldImmutableError = "field is immutable";

export function regexError(message: string, format: string, ...examples: readonly string[]): string {
  if (examples.length === 0) return `${message} (regex used for validation is '${format}')`;
  const shown = examples.map((example) => `'${example}'`).join(",  or ");
  return `${message} (e.g. ${shown}, regex used for validation is '${format}')`;
}

const utf8 = new TextEncoder();

/** Length in UTF-8, which is what upstream's limits count. */
export function byteLength(text: string): number {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return utf8.encode(text).length;
  }
  return text.length;
}

const dns1123LabelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const dns1123SubdomainFormat = `${dns1123LabelFormat}(\\.${dns1123LabelFormat})*`;
const dns1123Label = new RegExp(`^${dns1123LabelFormat}$`);
const dns1123Subdomain = new RegExp(`^${dns1123SubdomainFormat}$`);
const dns1123LabelMessage =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const dns1123SubdomainMessage =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";

export function isDns1123Label(value: string): Messages {
  const long = value.length > dns1123LabelMaxLength && byteLength(value) > dns1123LabelMaxLength;
  const matches = dns1123Label.test(value);
  if (!long && matches) return fine;
  const messages = long ? [maxLengthError(dns1123LabelMaxLength)] : [];
  if (!matches) {
    if (dns1123Subdomain.test(value)) messages.push("must not contain dots");
    else messages.push(regexError(dns1123LabelMessage, dns1123LabelFormat, "my-name", "123-abc"));
  }
  return messages;
}

export function isDns1123Subdomain(value: string): Messages {
  return checked(value, dns1123SubdomainMaxLength, dns1123Subdomain, () =>
    regexError(dns1123SubdomainMessage, dns1123SubdomainFormat, "example.com"),
  );
}

const dns1123SubdomainCaseless = new RegExp(`^${dns1123SubdomainFormat}$`, "i");

/** For driver names that upstream accepts in any case. */
export function isDns1123SubdomainCaseless(value: string): Messages {
  return checked(value, dns1123SubdomainMaxLength, dns1123SubdomainCaseless, () =>
    regexError(
      "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
      dns1123SubdomainFormat,
      "Example.com",
    ),
  );
}

const underscoreLabelFormat = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const underscoreSubdomainFormat = `${underscoreLabelFormat}(\\.${underscoreLabelFormat})*`;
const underscoreSubdomain = new RegExp(`^${underscoreSubdomainFormat}$`);

export function isDns1123SubdomainWithUnderscore(value: string): Messages {
  return checked(value, dns1123SubdomainMaxLength, underscoreSubdomain, () =>
    regexError(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character",
      underscoreSubdomainFormat,
      "example.com",
    ),
  );
}

const dns1035LabelFormat = "[a-z]([-a-z0-9]*[a-z0-9])?";
const dns1035Label = new RegExp(`^${dns1035LabelFormat}$`);

export function isDns1035Label(value: string): Messages {
  return checked(value, dns1035LabelMaxLength, dns1035Label, () =>
    regexError(
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
      dns1035LabelFormat,
      "my-name",
      "abc-123",
    ),
  );
}

const wildcardFormat = `\\*\\.${dns1123SubdomainFormat}`;
const wildcard = new RegExp(`^${wildcardFormat}$`);

export function isWildcardDns1123Subdomain(value: string): Messages {
  return checked(value, dns1123SubdomainMaxLength, wildcard, () =>
    regexError(
      "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
      wildcardFormat,
      "*.example.com",
    ),
  );
}

function checked(value: string, limit: number, pattern: RegExp, mismatch: () => string): Messages {
  const long = value.length > limit || byteLength(value) > limit;
  const matches = pattern.test(value);
  if (!long && matches) return fine;
  const messages = long ? [maxLengthError(limit)] : [];
  if (!matches) messages.push(mismatch());
  return messages;
}

const labelKeyFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelKey = new RegExp(`^${labelKeyFormat}$`);
const labelKeyMessage =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
const labelKeyMaxLength = 63;

/** A "qualified name": label and annotation keys, finalizers, condition types, resource names. */
export function isQualifiedName(value: string): Messages {
  if (value.length <= labelKeyMaxLength && labelKey.test(value)) return fine;
  const parts = value.split("/");
  const formatMessage = regexError(labelKeyMessage, labelKeyFormat, "MyName", "my.name", "123-abc");
  if (parts.length > 2) {
    return [
      `a valid label key ${formatMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const [prefix, name] = parts.length === 2 ? [parts[0], parts[1] ?? ""] : [undefined, parts[0] ?? ""];
  const messages: string[] = [];
  if (prefix === "") messages.push(`prefix part ${emptyError}`);
  else if (prefix !== undefined) messages.push(...subdomainPrefix(prefix));
  if (name === "") messages.push(`name part ${emptyError}`);
  else if (byteLength(name) > labelKeyMaxLength) messages.push(`name part ${maxBytesError(labelKeyMaxLength)}`);
  if (!labelKey.test(name)) messages.push(`name part ${formatMessage}`);
  return messages;
}

function subdomainPrefix(prefix: string): string[] {
  const messages = byteLength(prefix) > dns1123SubdomainMaxLength ? [maxBytesError(dns1123SubdomainMaxLength)] : [];
  if (!dns1123Subdomain.test(prefix)) {
    messages.push(regexError(dns1123SubdomainMessage, dns1123SubdomainFormat, "example.com"));
  }
  return messages.map((message) => `prefix part ${message}`);
}

const labelValueFormat = `(${labelKeyFormat})?`;
const labelValue = new RegExp(`^${labelValueFormat}$`);

export function isValidLabelValue(value: string): Messages {
  const long = value.length > labelValueMaxLength || byteLength(value) > labelValueMaxLength;
  const matches = labelValue.test(value);
  if (!long && matches) return fine;
  const messages = long ? [maxBytesError(labelValueMaxLength)] : [];
  if (!matches) {
    const message =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    messages.push(regexError(message, labelValueFormat, "MyValue", "my_value", "12345"));
  }
  return messages;
}

const cIdentifierFormat = "[A-Za-z_][A-Za-z0-9_]*";
const cIdentifier = new RegExp(`^${cIdentifierFormat}$`);

export function isCIdentifier(value: string): Messages {
  if (cIdentifier.test(value)) return fine;
  const message =
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
  return [regexError(message, cIdentifierFormat, "my_name", "MY_NAME", "MyName")];
}

export function isValidPortNumber(port: number): Messages {
  return isInRange(port, 1, 65535);
}

export function isInRange(value: number, low: number, high: number): Messages {
  return value >= low && value <= high ? fine : [inclusiveRangeError(low, high)];
}

const maxId = 2147483647;

export function isValidUserId(id: number): Messages {
  return isInRange(id, 0, maxId);
}

export function isValidGroupId(id: number): Messages {
  return isInRange(id, 0, maxId);
}

/** IANA service names, lower case only. */
export function isValidPortName(port: string): Messages {
  const messages: string[] = [];
  if (byteLength(port) > 15) messages.push(maxLengthError(15));
  if (!/^[-a-z0-9]+$/.test(port)) {
    messages.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/.test(port)) messages.push("must contain at least one letter (a-z)");
  if (port.includes("--")) messages.push("must not contain consecutive hyphens");
  if (port.startsWith("-") || port.endsWith("-")) messages.push("must not begin or end with a hyphen");
  return messages;
}

export function isValidPercent(percent: string): Messages {
  if (/^[0-9]+%$/.test(percent)) return fine;
  const message = "a valid percent string must be a numeric string followed by an ending '%'";
  return [regexError(message, "[0-9]+%", "1%", "93%")];
}

export function isHttpHeaderName(value: string): Messages {
  if (/^[-A-Za-z0-9]+$/.test(value)) return fine;
  return [
    regexError("a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", "X-Header-Name"),
  ];
}

/** The rule in force since environment names were relaxed: any printable ASCII except `=`. */
export function isEnvVarName(value: string): Messages {
  if (value === "") return [`environment variable name ${emptyError}`];
  if (/^[\x20-\x3c\x3e-\x7e]+$/.test(value)) return fine;
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

const configMapKeyFormat = "[-._a-zA-Z0-9]+";

export function isConfigMapKey(value: string): Messages {
  const messages: string[] = [];
  if (byteLength(value) > dns1123SubdomainMaxLength) messages.push(maxLengthError(dns1123SubdomainMaxLength));
  if (!/^[-._a-zA-Z0-9]+$/.test(value)) {
    const message = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    messages.push(regexError(message, configMapKeyFormat, "key.name", "KEY_NAME", "key-name"));
  }
  messages.push(...changesDirectory(value));
  return messages;
}

function changesDirectory(value: string): Messages {
  if (value === ".") return ["must not be '.'"];
  if (value === "..") return ["must not be '..'"];
  return value.startsWith("..") ? ["must not start with '..'"] : fine;
}

/** Names that only have to be safe as one segment of a path (RBAC objects). */
export function isPathSegmentName(name: string): Messages {
  if (name === "." || name === "..") return [`may not be '${name}'`];
  return isPathSegmentPrefix(name);
}

export function isPathSegmentPrefix(name: string): Messages {
  return ["/", "%"].filter((part) => name.includes(part)).map((part) => `may not contain '${part}'`);
}
