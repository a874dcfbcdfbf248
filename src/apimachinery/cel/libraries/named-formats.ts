import {
  isDns1035Label,
  isDns1123Label,
  isDns1123Subdomain,
  isQualifiedName,
  isValidLabelValue,
  nameIsDns1035Label,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
} from "../../validation/index.ts";
import { define, type Library, method, traverseFirst } from "../functions.ts";
import { parseTimestamp } from "../times.ts";
import { listOf, opaque, optionalOf, stringType } from "../types.ts";
import { OpaqueValue, Optional } from "../values.ts";

const formatType = opaque("kubernetes.NamedFormat");

class NamedFormat extends OpaqueValue {
  readonly typeName = "kubernetes.NamedFormat";
  readonly name: string;
  readonly problems: (text: string) => readonly string[];
  constructor(name: string, problems: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.problems = problems;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

const says = (holds: (text: string) => boolean, message: string) => (text: string) => (holds(text) ? [] : [message]);

const formats: readonly NamedFormat[] = (
  [
    ["dns1123Label", isDns1123Label],
    ["dns1123Subdomain", isDns1123Subdomain],
    ["dns1035Label", isDns1035Label],
    ["qualifiedName", isQualifiedName],
    ["dns1123LabelPrefix", (text) => nameIsDnsLabel(text, true)],
    ["dns1123SubdomainPrefix", (text) => nameIsDnsSubdomain(text, true)],
    ["dns1035LabelPrefix", (text) => nameIsDns1035Label(text, true)],
    ["labelValue", isValidLabelValue],
    ["uri", says((text) => URL.canParse(text) || text.startsWith("/"), "invalid URI")],
    [
      "uuid",
      says(
        (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
        "does not match the UUID format",
      ),
    ],
    ["byte", says((text) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text), "invalid base64")],
    ["date", says((text) => parseTimestamp(`${text}T00:00:00Z`) !== undefined, "invalid date")],
    ["datetime", says((text) => parseTimestamp(text) !== undefined, "invalid datetime")],
  ] satisfies readonly (readonly [string, (text: string) => readonly string[]])[]
).map(([name, problems]) => new NamedFormat(name, problems));

const byName = new Map(formats.map((format) => [format.name, format]));

/** `format.dns1123Label().validate("x")`: none when the text is fine, else what is wrong with it. */
export const formatLibrary: Library = {
  overloads: [
    ...formats.map((format) => define(`format.${format.name}`, [], formatType, () => format)),
    define("format.named", [stringType], optionalOf(formatType), (name: string) => {
      const found = byName.get(name);
      return found === undefined ? Optional.none : new Optional(found);
    }),
    method(
      "validate",
      [formatType, stringType],
      optionalOf(listOf(stringType)),
      ({ problems }: NamedFormat, text: string) => {
        const found = problems(text);
        return found.length === 0 ? Optional.none : new Optional(found);
      },
      { cost: ([, size = 0]) => traverseFirst([size]) },
    ),
  ],
};
