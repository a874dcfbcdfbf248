import type { Flag } from "../flags/flags.ts";
import type { ZPage } from "./page.ts";

/** `/flagz`: the flags that a component runs with, also those that were not given. */
export function flagzPage(
  component: string,
  definitions: Readonly<Record<string, Flag<unknown>>>,
  values: Readonly<Record<string, unknown>>,
): ZPage {
  const names = Object.keys(definitions).toSorted();
  const flags = Object.fromEntries(names.map((name) => [name, textOf(definitions[name], values[name])]));
  return {
    kind: "Flagz",
    component,
    text: () => names.map((name) => `${name}=${flags[name]}\n`).join(""),
    fields: () => ({ flags }),
  };
}

/** As pflag prints values. Unlike in help, nothing is left out or quoted. */
function textOf(definition: Flag<unknown> | undefined, value: unknown): string {
  if (definition?.valueName !== undefined && Array.isArray(value)) return value.join(",");
  if (Array.isArray(value)) return `[${value.join(",")}]`;
  if (typeof value === "number" && definition?.kind.typeName === "duration")
    return definition.kind.format(value) || "0s";
  if (typeof value === "object" && value !== null) return definition?.kind.format(value) ?? "";
  return String(value);
}
