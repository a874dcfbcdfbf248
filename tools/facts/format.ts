import type { GroupVersionFacts, ResourceFacts, TypeFacts } from "../../src/apimachinery/index.ts";

/** The one way a facts file is written: a field a line, so that a change of a field is a change of one line. */
export function formatFacts(facts: GroupVersionFacts): string {
  const types = Object.entries(facts.types).map(([name, type]) => formatType(name, type));
  return [
    "{",
    `  "group": ${JSON.stringify(facts.group)},`,
    `  "version": ${JSON.stringify(facts.version)},`,
    `  "package": ${JSON.stringify(facts.package)},`,
    `  "resources": [`,
    ...separated(facts.resources.map(formatResource)),
    "  ],",
    `  "types": {`,
    ...separated(types),
    "  }",
    "}",
    "",
  ].join("\n");
}

function formatResource(resource: ResourceFacts): string {
  const { subresources, ...rest } = resource;
  if (subresources === undefined) return `    ${oneLine(rest)}`;
  const lines = subresources.map((subresource) => `      ${oneLine(subresource)}`);
  return [`    ${oneLine(rest).slice(0, -2)}, "subresources": [`, ...separated(lines), "    ] }"].join("\n");
}

function formatType(name: string, type: TypeFacts): string {
  const { fields, ...rest } = type;
  const lines = Object.entries(fields).map(([field, facts]) => `        ${JSON.stringify(field)}: ${oneLine(facts)}`);
  return [
    `    ${JSON.stringify(name)}: {`,
    ...Object.entries(rest).map(([key, value]) => `      ${JSON.stringify(key)}: ${JSON.stringify(value)},`),
    ...(lines.length === 0 ? [`      "fields": {}`] : [`      "fields": {`, ...separated(lines), "      }"]),
    "    }",
  ].join("\n");
}

function separated(lines: readonly string[]): string[] {
  return lines.map((line, index) => (index < lines.length - 1 ? `${line},` : line));
}

/** JSON on one line, with a space after punctuation but never inside of a string. */
function oneLine(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "[]" : `[${value.map(oneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
