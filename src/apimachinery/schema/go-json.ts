const html = /[<>&\u2028\u2029]/;
const everyHtml = /[<>&\u2028\u2029]/g;
/** Printable ASCII without what JSON or HTML gives a meaning. */
const plain = /^[\x20\x21\x23-\x25\x27-\x3b\x3d\x3f-\x5b\x5d-\x7e]*$/;
const loneSurrogate = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** JSON of a value as Go's encoder writes it, which also escapes what HTML would take for markup. */
export function goJson(value: unknown): string {
  if (typeof value === "string" && plain.test(value)) return `"${value}"`;
  let json = JSON.stringify(value) ?? "null";
  if (html.test(json)) json = json.replace(everyHtml, escaped);
  return json.includes("\\ud") ? json.replace(loneSurrogate, "$1\\ufffd") : json;
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
