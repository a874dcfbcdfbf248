const alphabet = /^[A-Za-z0-9+/]$/;

/** Canonical base64 of what Go's standard decoder reads from `text`, or the message of its refusal. */
export function readBase64(text: string): { readonly value: string } | { readonly error: string } {
  const position = corruptAt(text);
  if (position !== undefined) return { error: `illegal base64 data at input byte ${position}` };
  return { value: Buffer.from(text, "base64").toString("base64") };
}

/** Where Go finds the first fault. Line ends are skipped. */
function corruptAt(text: string): number | undefined {
  let inQuantum = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === "\r" || character === "\n") continue;
    if (alphabet.test(character)) inQuantum = (inQuantum + 1) % 4;
    else if (character === "=") return corruptPadding(text, at, inQuantum);
    else return at;
  }
  return inQuantum === 0 ? undefined : text.length - inQuantum;
}

function corruptPadding(text: string, at: number, inQuantum: number): number | undefined {
  if (inQuantum < 2) return at;
  let next = skipLineEnds(text, at + 1);
  if (inQuantum === 2) {
    if (next === text.length) return text.length;
    if (text[next] !== "=") return next - 1;
    next = skipLineEnds(text, next + 1);
  }
  return next < text.length ? next : undefined;
}

function skipLineEnds(text: string, from: number): number {
  let at = from;
  while (text[at] === "\r" || text[at] === "\n") at++;
  return at;
}
