/**
 * Replaces `$(NAME)` by the variable's value. `$$` stands for one `$`, so `$$(NAME)` is kept as `$(NAME)`; a reference
 * to something unknown stays as it is written.
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    const next = text[at + 1];
    if (text[at] !== "$" || next === undefined) {
      out += text[at];
      continue;
    }
    at++;
    if (next === "$") {
      out += "$";
      continue;
    }
    const end = next === "(" ? text.indexOf(")", at) : -1;
    if (end < 0) {
      out += `$${next}`;
      continue;
    }
    const name = text.slice(at + 1, end);
    out += lookup(name) ?? `$(${name})`;
    at = end;
  }
  return out;
}
