/** Gathers generated statements, and the values they refer to, and makes a function of them. */
export class SourceWriter {
  readonly #lines: string[] = [];
  readonly #constants: unknown[] = [];
  readonly #names = new Map<unknown, string>();

  line(text: string): void {
    this.#lines.push(text);
  }

  /** A name by which generated code reaches `value`. */
  constant(value: unknown): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = `c${this.#constants.length}`;
    this.#constants.push(value);
    this.#names.set(value, name);
    return name;
  }

  /** `parameters` is what stands between the function's parentheses. */
  make(parameters: string): unknown {
    const names = this.#constants.map((_, index) => `c${index}`);
    const body = `"use strict"; return function (${parameters}) {\n${this.#lines.join("\n")}\n};`;
    return new Function(...names, body)(...this.#constants);
  }
}

const identifier = /^[A-Za-z_$][\w$]*$/;

/** `object.name`, or with brackets where the name is no identifier. */
export function member(object: string, name: string): string {
  return identifier.test(name) ? `${object}.${name}` : `${object}[${JSON.stringify(name)}]`;
}

/** Reading that does not find what every object inherits, such as `constructor`. */
export function readMember(object: string, name: string): string {
  if (!(name in Object.prototype)) return member(object, name);
  return `(Object.hasOwn(${object}, ${JSON.stringify(name)}) ? ${object}[${JSON.stringify(name)}] : undefined)`;
}
