export type TomlValue = string | number | boolean | readonly string[];
export interface TomlTable {
  readonly [key: string]: TomlValue | TomlTable;
}

/** Writes the subset of TOML that configuration files need: scalars, lists of strings, nested tables. */
export function renderToml(table: TomlTable): string {
  return `${lines(table, []).join("\n")}\n`;
}

function lines(table: TomlTable, path: readonly string[]): string[] {
  const own: string[] = [];
  const below: string[] = [];
  for (const [key, value] of Object.entries(table)) {
    if (isTable(value)) below.push("", `[${[...path, key].map(name).join(".")}]`, ...lines(value, [...path, key]));
    else own.push(`${name(key)} = ${scalar(value)}`);
  }
  return [...own, ...below];
}

function isTable(value: TomlValue | TomlTable): value is TomlTable {
  return typeof value === "object" && !Array.isArray(value);
}

function name(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

/** A JSON string is also a TOML basic string. */
function scalar(value: TomlValue): string {
  return Array.isArray(value) ? `[${value.map(scalar).join(", ")}]` : JSON.stringify(value);
}
