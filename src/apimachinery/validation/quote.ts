const simple = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;
const unprintable = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]|[\p{Zs}--\x20]/v;
const named: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** A string as Go's `%q` prints it. */
export function quote(text: string): string {
  if (simple.test(text)) return `"${text}"`;
  let out = '"';
  for (const character of text) out += quoteCharacter(character);
  return `${out}"`;
}

function quoteCharacter(character: string): string {
  const short = named[character];
  if (short !== undefined) return short;
  if (!unprintable.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}

/** Go's `%q` of a list of strings: `["a" "b"]`. */
export function goQuotedList(values: readonly string[]): string {
  return goList(values.map(quote));
}

/** Go's `%v` of a list of strings: `[a b]`. */
export function goList(values: readonly string[]): string {
  return `[${values.join(" ")}]`;
}
