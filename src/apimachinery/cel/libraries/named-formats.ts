import {
  isQualifiedName,
  isRequestUri,
  isValidLabelValue,
  nameIsDns1035Label,
  nameIsDnsLabel,
  nameIsDnsSubdomain,
  stringFormat,
} from "../../validation/index.ts";
import {
  define,
  type Library,
  matchCost,
  method,
  type Operand,
  perPatternCharacter,
  sizeOf,
  traversal,
} from "../functions.ts";
import { listOf, opaque, optionalOf, stringType } from "../types.ts";
import { OpaqueValue, Optional, type Value } from "../values.ts";

const formatType = opaque("kubernetes.NamedFormat");

class NamedFormat extends OpaqueValue {
  readonly typeName = "kubernetes.NamedFormat";
  readonly name: string;
  readonly problems: (text: string) => readonly string[];
  /** Characters of the pattern it is, for what a check costs. */
  readonly patternSize: number;
  constructor(name: string, patternSize: number, problems: (text: string) => readonly string[]) {
    super();
    this.name = name;
    this.patternSize = patternSize;
    this.problems = problems;
  }
  equals(other: OpaqueValue): boolean {
    return other instanceof NamedFormat && other.name === this.name;
  }
}

const says = (format: string, message: string) => (text: string) =>
  stringFormat(format)?.(text) === true ? [] : [message];

/** As Go's `url.ParseRequestURI` says it. */
function isUri(text: string): readonly string[] {
  if (isRequestUri(text)) return [];
  const scheme = /^([^/?#:]*):/.exec(text)?.[1];
  const reason = text === "" ? "empty url" : scheme === "" ? "missing protocol scheme" : "invalid URI for request";
  return [`parse ${JSON.stringify(text)}: ${reason}`];
}

const formats: readonly NamedFormat[] = (
  [
    ["dns1123Label", 30, (text) => nameIsDnsLabel(text, false)],
    ["dns1123Subdomain", 60, (text) => nameIsDnsSubdomain(text, false)],
    ["dns1035Label", 30, (text) => nameIsDns1035Label(text, false)],
    ["qualifiedName", 60, isQualifiedName],
    ["dns1123LabelPrefix", 30, (text) => nameIsDnsLabel(text, true)],
    ["dns1123SubdomainPrefix", 60, (text) => nameIsDnsSubdomain(text, true)],
    ["dns1035LabelPrefix", 30, (text) => nameIsDns1035Label(text, true)],
    ["labelValue", 40, isValidLabelValue],
    ["uri", 1103, isUri],
    ["uuid", 70, says("uuid", "does not match the UUID format")],
    ["byte", 84, says("byte", "invalid base64")],
    ["date", 71, says("date", "invalid date")],
    ["datetime", 71, says("datetime", "invalid datetime")],
  ] satisfies readonly (readonly [string, number, (text: string) => readonly string[]])[]
).map(([name, patternSize, problems]) => new NamedFormat(name, patternSize, problems));

/** Of the longest pattern as estimates have it. Upstream: `MaxNameFormatRegexSize`. */
const patternSizeMax = 128;

const validating = {
  spent: ([format, text = null]: readonly Value[]) =>
    matchCost([sizeOf(text), format instanceof NamedFormat ? format.patternSize : 0]),
  estimate: ([, text]: readonly Operand[]) => ({
    cost: Math.ceil(traversal(text?.size.max ?? 0) * patternSizeMax * perPatternCharacter),
  }),
};

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
      validating,
    ),
  ],
};
