import type { Flag } from "./flags.ts";

/** A heading, such as `Secure serving`, and its flags. */
export type FlagGroups = Readonly<Record<string, Readonly<Record<string, Flag<unknown>>>>>;

export interface HelpOptions {
  /** The command as it is typed, for example `k8ts kubelet`. */
  readonly command: string;
  readonly about: string;
  readonly groups: FlagGroups;
}

/** The text of `--help`, in the groups and the layout of upstream's components. */
export function renderHelp({ command, about, groups }: HelpOptions): string {
  const sections = [about, `Usage:\n  ${command} [flags]`];
  for (const [title, flags] of Object.entries(groups)) {
    const lines = renderFlags(flags);
    if (lines.length > 0) sections.push(`${title} flags:\n\n${lines.join("\n")}`);
  }
  return `${sections.join("\n\n")}\n`;
}

function renderFlags(flags: Readonly<Record<string, Flag<unknown>>>): readonly string[] {
  const rows: (readonly [string, string])[] = [];
  for (const [name, definition] of Object.entries(flags).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (definition.hidden === true || definition.deprecated !== undefined) continue;
    const dashes = definition.shorthand === undefined ? "    " : ` -${definition.shorthand},`;
    const type = definition.valueName ?? definition.kind.typeName;
    const initial = definition.kind.format(definition.initial);
    const tail = initial === "" ? "" : ` (default ${initial})`;
    rows.push([` ${dashes} --${name}${type === "" ? "" : ` ${type}`}`, `${definition.usage}${tail}`]);
  }
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 3;
  return rows.map(([left, usage]) => `${left.padEnd(width)}${usage.replaceAll("\n", `\n${" ".repeat(width)}`)}`);
}
