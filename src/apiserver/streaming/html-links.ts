/** Which attributes of which elements are links (HTML 4.01 and the additions that upstream's proxy knows). */
const linkAttributes: Readonly<Record<string, readonly string[]>> = {
  a: ["href"],
  applet: ["codebase"],
  area: ["href"],
  audio: ["src"],
  base: ["href"],
  blockquote: ["cite"],
  body: ["background"],
  button: ["formaction"],
  command: ["icon"],
  del: ["cite"],
  embed: ["src"],
  form: ["action"],
  frame: ["longdesc", "src"],
  head: ["profile"],
  html: ["manifest"],
  iframe: ["longdesc", "src"],
  img: ["longdesc", "src", "usemap"],
  input: ["src", "usemap", "formaction"],
  ins: ["cite"],
  link: ["href"],
  object: ["classid", "codebase", "data", "usemap"],
  q: ["cite"],
  script: ["src"],
  source: ["src"],
  video: ["poster", "src"],
};
/** What stands in these is no markup. */
const rawElements: ReadonlySet<string> = new Set(
  "iframe noembed noframes noscript plaintext script style textarea title xmp".split(" "),
);
/** A tag that is longer is left as it is. */
const tagLengthMax = 64 * 1024;

/** Changes the links of a page as it passes; everything else stays as it came. */
export class LinkRewriter {
  readonly #rewrite: (link: string) => string;
  #held = "";
  /** The element whose end is waited for, while text is no markup. */
  #raw: string | undefined;

  constructor(rewrite: (link: string) => string) {
    this.#rewrite = rewrite;
  }

  /** What can be passed on now that this much more has come. */
  push(text: string): string {
    let rest = this.#held + text;
    let out = "";
    for (;;) {
      const length = this.#raw === undefined ? piece(rest) : before(rest, `</${this.#raw}`);
      out += this.#raw === undefined ? this.#passed(rest.slice(0, length)) : rest.slice(0, length);
      rest = rest.slice(length);
      if (this.#raw !== undefined && rest.toLowerCase().startsWith(`</${this.#raw}`)) this.#raw = undefined;
      else if (length === 0 || rest === "") break;
    }
    if (rest.length > tagLengthMax) {
      out += rest;
      rest = "";
    }
    this.#held = rest;
    return out;
  }

  end(): string {
    const rest = this.#held;
    this.#held = "";
    return rest;
  }

  #passed(token: string): string {
    const name = /^<([a-zA-Z][^\s/>]*)/.exec(token)?.[1]?.toLowerCase();
    if (name === undefined) return token;
    if (rawElements.has(name)) this.#raw = name;
    const links = Object.hasOwn(linkAttributes, name) ? linkAttributes[name] : undefined;
    if (links === undefined) return token;
    const start = name.length + 1;
    return (
      token.slice(0, start) +
      token.slice(start).replace(attribute, (whole: string, key: string, equals: string, value: string) => {
        if (!links.includes(key.toLowerCase())) return whole;
        const quote = /^["']/.exec(value)?.[0] ?? "";
        const link = unescaped(quote === "" ? value : value.slice(1, -1));
        const changed = this.#rewrite(link);
        if (changed === link) return whole;
        return `${key}${equals}${quote || '"'}${escaped(changed)}${quote || '"'}`;
      })
    );
  }
}

const attribute = /([^\s"'<>/=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s"'=<>`]+)/g;

/** The length of the text, comment or tag at the beginning; 0 while its end has not come. */
function piece(rest: string): number {
  const at = rest.indexOf("<");
  if (at !== 0) return at < 0 ? rest.length : at;
  if (rest.startsWith("<!--")) {
    const end = rest.indexOf("-->", 4);
    return end < 0 ? 0 : end + 3;
  }
  if (rest.length < 4 && "<!--".startsWith(rest)) return 0;
  if (!/^<[a-zA-Z/!?]/.test(rest)) return 1;
  return /^<(?:"[^"]*"|'[^']*'|[^"'>])*>/.exec(rest)?.[0].length ?? 0;
}

/** The length of what stands before the end of an element that holds no markup, as far as it is certain. */
function before(rest: string, end: string): number {
  const at = rest.toLowerCase().indexOf(end);
  return at >= 0 ? at : Math.max(0, rest.length - end.length);
}

function unescaped(value: string): string {
  return value.replaceAll("&amp;", "&");
}

function escaped(link: string): string {
  return link.replaceAll("&", "&amp;").replaceAll('"', "&#34;").replaceAll("'", "&#39;");
}
