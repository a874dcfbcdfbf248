/** Sizes above the limit that are still let through, each by its own name. They may go down, never up. */
export type Ratchet = Readonly<Record<string, number>>;

/**
 * Compares sizes with their limit and the ratchet. One line per problem: too large and not listed, larger than
 * listed, smaller than listed (so that the list follows at once), listed but gone.
 */
export function checkRatchet(
  what: string,
  limit: number,
  sizes: ReadonlyMap<string, number>,
  ratchet: Ratchet,
): readonly string[] {
  const problems: string[] = [];
  for (const [name, size] of sizes) {
    const listed = ratchet[name];
    if (listed === undefined && size > limit) problems.push(`${name} has ${size} lines; ${what} has at most ${limit}`);
    else if (listed !== undefined && size > listed)
      problems.push(`${name} has grown from ${listed} to ${size} lines; ${what} has at most ${limit}`);
    else if (listed !== undefined && size < listed)
      problems.push(`${name} has shrunk from ${listed} to ${size} lines: run ./k8ts tool tidy`);
  }
  for (const name of Object.keys(ratchet)) {
    if (!sizes.has(name)) problems.push(`${name} is gone: run ./k8ts tool tidy`);
  }
  return problems;
}

/** The ratchet after what shrank or went; nothing is added and nothing grows. */
export function lowerRatchet(limit: number, sizes: ReadonlyMap<string, number>, ratchet: Ratchet): Ratchet {
  const lowered: Record<string, number> = {};
  for (const [name, listed] of Object.entries(ratchet).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const size = sizes.get(name);
    if (size !== undefined && size > limit) lowered[name] = Math.min(size, listed);
  }
  return lowered;
}
