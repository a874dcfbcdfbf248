/** Names that CEL keeps for itself, in any language it is embedded in. */
const keywords = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);

/** Names that an expression may ask for as they are, too, though it cannot begin with them. */
export function isReservedField(name: string): boolean {
  return keywords.has(name) && !["true", "false", "null", "in"].includes(name);
}

/**
 * How an expression writes a property's name: `a-b` is `a__dash__b`. Undefined: it cannot be written. Upstream:
 * "Field path escaping" of validation rules.
 */
export function escapeIdentifier(name: string): string | undefined {
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined;
  if (keywords.has(name)) return `__${name}__`;
  return name
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__");
}
