import { messageOf } from "../../base/index.ts";
import type { Flag } from "./flags.ts";

/** A mistake on the command line. The message is pflag's. */
export class FlagError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "FlagError";
  }
}

/** The caller asked for help; not a mistake. */
export class HelpRequested extends Error {
  constructor() {
    super("help requested");
    this.name = "HelpRequested";
  }
}

type Definitions = Readonly<Record<string, Flag<unknown>>>;

export type FlagValues<D extends Definitions> = { readonly [N in keyof D]: D[N] extends Flag<infer T> ? T : never };

export interface ParsedFlags<D extends Definitions> {
  readonly values: FlagValues<D>;
  /** The flags that were given, so that a configuration file can fill in the others. */
  readonly given: ReadonlySet<keyof D & string>;
  readonly positional: readonly string[];
  /** Deprecations to be told to the user. */
  readonly warnings: readonly string[];
}

/**
 * Reads a command line as pflag does: `--name=value`, `--name value`, `-n value`, `-nvalue`, grouped boolean
 * shorthands, `--` before what is no flag, `_` and `-` alike in names. Throws a `FlagError` with pflag's words.
 */
export function parseFlags<D extends Definitions>(definitions: D, args: readonly string[]): ParsedFlags<D> {
  const state = new ParseState(definitions);
  const positional: string[] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") {
      positional.push(...rest);
      break;
    }
    if (!arg.startsWith("-") || arg === "-") positional.push(arg);
    else if (arg.startsWith("--")) state.long(arg, rest);
    else state.short(arg, rest);
  }
  return { ...state.result<D>(), positional };
}

class ParseState {
  readonly #definitions: Definitions;
  readonly #shorthands = new Map<string, string>();
  readonly #values = new Map<string, unknown>();
  readonly #warnings: string[] = [];

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
    for (const [name, { shorthand }] of Object.entries(definitions)) {
      if (shorthand !== undefined) this.#shorthands.set(shorthand, name);
    }
  }

  long(arg: string, rest: string[]): void {
    const [whole, value] = splitOnce(arg.slice(2));
    if (whole === "" || whole.startsWith("-")) throw new FlagError(`bad flag syntax: ${arg}`);
    const name = whole.replaceAll("_", "-");
    const found = this.#find(name);
    if (found === undefined) {
      if (name === "help") throw new HelpRequested();
      throw new FlagError(`unknown flag: --${whole}`);
    }
    const given = value ?? found.kind.withoutValue ?? rest.shift();
    if (given === undefined) throw new FlagError(`flag needs an argument: --${whole}`);
    this.#set(name, found, given);
  }

  short(arg: string, rest: string[]): void {
    let letters = arg.slice(1);
    while (letters !== "") {
      const letter = letters.charAt(0);
      const name = this.#shorthands.get(letter);
      const found = name === undefined ? undefined : this.#find(name);
      if (name === undefined || found === undefined) {
        if (letter === "h") throw new HelpRequested();
        throw new FlagError(`unknown shorthand flag: '${letter}' in -${letters}`);
      }
      const tail = letters.slice(1);
      letters = "";
      if (tail.startsWith("=")) this.#set(name, found, tail.slice(1));
      else if (found.kind.withoutValue !== undefined) {
        this.#set(name, found, found.kind.withoutValue);
        letters = tail;
      } else {
        const given = tail === "" ? rest.shift() : tail;
        if (given === undefined) throw new FlagError(`flag needs an argument: '${letter}' in ${arg}`);
        this.#set(name, found, given);
      }
    }
  }

  result<D extends Definitions>(): Omit<ParsedFlags<D>, "positional"> {
    const values: Record<string, unknown> = {};
    for (const [name, definition] of Object.entries(this.#definitions)) {
      values[name] = this.#values.has(name) ? this.#values.get(name) : definition.initial;
    }
    const given = new Set(this.#values.keys()) as ReadonlySet<string>;
    return { values: values as FlagValues<D>, given: given as ReadonlySet<keyof D & string>, warnings: this.#warnings };
  }

  #find(name: string): Flag<unknown> | undefined {
    return Object.hasOwn(this.#definitions, name) ? this.#definitions[name] : undefined;
  }

  #set(name: string, definition: Flag<unknown>, text: string): void {
    try {
      this.#values.set(name, definition.kind.parse(text, this.#values.get(name)));
    } catch (error) {
      const shown = definition.shorthand === undefined ? `--${name}` : `-${definition.shorthand}, --${name}`;
      throw new FlagError(`invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${messageOf(error)}`);
    }
    if (definition.deprecated !== undefined) {
      this.#warnings.push(`Flag --${name} has been deprecated, ${definition.deprecated}`);
    }
  }
}

function splitOnce(text: string): readonly [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
