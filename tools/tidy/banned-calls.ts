import { importsOf } from "../layers/imports.ts";

/** What only a platform file may do itself; everybody else gets it passed in through the interfaces of base. */
export type Power = "time" | "timers" | "randomness" | "files" | "network" | "processes" | "exit";

export interface Use {
  readonly power: Power;
  readonly line: number;
  readonly text: string;
}

const calls: readonly (readonly [Power, RegExp])[] = [
  ["time", /\b(?:Date\.now|performance\.now|process\.hrtime)\b|\bnew Date\(\s*\)/],
  ["timers", /(?<![.\w])(?:setTimeout|setInterval|setImmediate)\(|\bAbortSignal\.timeout\(/],
  ["randomness", /\bMath\.random\b|(?<![.\w])(?:randomBytes|randomUUID|randomInt|randomFill|randomFillSync)\(/],
  ["randomness", /\bcrypto\.(?:random\w+|getRandomValues)\(/],
  ["exit", /\bprocess\.(?:exit|abort)\(/],
];

const modules: readonly (readonly [Power, RegExp])[] = [
  ["files", /^node:fs(?:\/promises)?$/],
  ["network", /^node:(?:net|dgram|tls|http|https|http2|dns(?:\/promises)?)$/],
  ["processes", /^node:(?:child_process|cluster)$/],
  ["timers", /^node:timers(?:\/promises)?$/],
];

/** Every banned call and module in a source file. Type-only imports are harmless. */
export function bannedUses(source: string): readonly Use[] {
  const lines = source.split("\n");
  const uses: Use[] = [];
  for (const [index, line] of lines.entries()) {
    if (/^\s*(?:\/\/|\*|\/\*)/.test(line)) continue;
    for (const [power, pattern] of calls) {
      const found = pattern.exec(line);
      if (found !== null) uses.push({ power, line: index + 1, text: found[0] });
    }
  }
  for (const { specifier, line } of importsOf(source)) {
    const power = modules.find(([, pattern]) => pattern.test(specifier))?.[0];
    if (power !== undefined && !isHarmless(lines, line)) uses.push({ power, line, text: specifier });
  }
  return uses;
}

/** What node:net has that only looks at text. */
const pureNames = new Set(["isIP", "isIPv4", "isIPv6", "BlockList", "SocketAddress"]);

/** Whether the import that ends on this line brings types only, which are erased, or names that touch nothing. */
function isHarmless(lines: readonly string[], endLine: number): boolean {
  let start = endLine - 1;
  while (start > 0 && !/^\s*(?:import|export)\b/.test(lines[start] ?? "")) start--;
  const statement = lines.slice(start, endLine).join(" ");
  if (/^\s*(?:import|export)\s+type\b/.test(statement)) return true;
  const names = /\{([^}]*)\}/.exec(statement)?.[1];
  if (names === undefined || /^\s*import\s+[\w*]/.test(statement)) return false;
  return names.split(",").every((item) => {
    const name = item.trim();
    return name === "" || name.startsWith("type ") || pureNames.has(name);
  });
}
