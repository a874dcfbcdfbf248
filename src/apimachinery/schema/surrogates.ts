const anySurrogate = /\\u[dD][89a-fA-F]/;
/** A pair of escapes, one escaped surrogate, or any other escape, so that `\\\\ud800` is not taken for one. */
const escapes = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[dD][89a-fA-F][0-9a-fA-F]{2}|[^])/g;
const loneLength = "\\ud800".length;

/** JSON text in which escaped halves of a surrogate pair have become the replacement character, as Go's decoder does. */
export function withoutLoneSurrogates(json: string): string {
  if (!anySurrogate.test(json)) return json;
  return json.replace(escapes, (escape) => (escape.length === loneLength ? "\\ufffd" : escape));
}
