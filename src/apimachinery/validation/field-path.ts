/**
 * Where a value stands in an object. A linked list that is rendered only when an error needs it, so walking a valid
 * object costs one small allocation per step.
 */
export class FieldPath {
  readonly #parent: FieldPath | undefined;
  readonly #name: string;
  readonly #isIndex: boolean;

  private constructor(parent: FieldPath | undefined, name: string, isIndex: boolean) {
    this.#parent = parent;
    this.#name = name;
    this.#isIndex = isIndex;
  }

  static root(name: string): FieldPath {
    return new FieldPath(undefined, name, false);
  }

  child(name: string): FieldPath {
    return new FieldPath(this, name, false);
  }

  index(index: number): FieldPath {
    return new FieldPath(this, String(index), true);
  }

  /** A map key; rendered like an index: `data[key]`. */
  key(key: string): FieldPath {
    return new FieldPath(this, key, true);
  }

  toString(): string {
    const parts: string[] = [];
    for (let at: FieldPath | undefined = this; at !== undefined; at = at.#parent) {
      // Upstream shows a path without a name as an index.
      parts.push(
        at.#isIndex || at.#name === "" ? `[${at.#name}]` : at.#parent === undefined ? at.#name : `.${at.#name}`,
      );
    }
    return parts.reverse().join("");
  }
}

/** `fieldPath("spec", "template")` → `spec.template`. */
export function fieldPath(name: string, ...more: readonly string[]): FieldPath {
  return more.reduce((path, part) => path.child(part), FieldPath.root(name));
}
