import assert from "node:assert/strict";
import { test } from "node:test";
import { type FieldError, fieldErrorMessage, type KubeObject } from "../../apimachinery/index.ts";
import type { Strategy, WriteContext } from "./contract.ts";

/** What a write was warned of, other than by the strategy's own hooks. */
export const warned: string[] = [];
const context = { request: { warn: (text: string) => warned.push(text) }, dryRun: false } as unknown as WriteContext;
const shown = (errors: readonly FieldError[] | undefined) => (errors ?? []).map(fieldErrorMessage);

export type Rejected<T> = readonly [rule: string, object: T, messages: readonly string[]];
export type Change<T> = readonly [rule: string, object: T, old: T, messages: readonly string[]];
export type Cells = readonly (string | number | boolean | null)[];

/** A kind's rules as tables: what is accepted, and in which words everything else is refused. */
export class RuleTables<T extends KubeObject> {
  readonly #kind: string;
  readonly #strategy: Strategy<T>;

  constructor(kind: string, strategy: Strategy<T>) {
    this.#kind = kind;
    this.#strategy = strategy;
  }

  accepts(objects: readonly (readonly [string, T])[]): void {
    for (const [what, object] of objects) {
      test(`${this.#kind}: ${what} is accepted`, () => {
        assert.deepEqual(shown(this.#strategy.validate?.(object, context)), []);
        assert.deepEqual(shown(this.#strategy.validateUpdate?.(object, object, context)), []);
      });
    }
  }

  rejects(cases: readonly Rejected<T>[]): void {
    for (const [rule, object, messages] of cases) {
      test(`${this.#kind}: ${rule} is refused`, () => {
        assert.deepEqual(shown(this.#strategy.validate?.(object, context)), messages);
      });
    }
  }

  /** By updates of the object, or by those of a subresource. */
  changes(cases: readonly Change<T>[], subresource?: string): void {
    const rules =
      subresource === undefined
        ? this.#strategy
        : subresource === "status"
          ? this.#strategy.status
          : this.#strategy.subresources?.[subresource];
    for (const [rule, object, old, messages] of cases) {
      test(`${this.#kind}${subresource === undefined ? "" : `/${subresource}`}: ${rule}`, () => {
        assert.deepEqual(shown(rules?.validateUpdate?.(object, old, context)), messages);
      });
    }
  }

  /** What a creator's object becomes. */
  created(object: T): T {
    const copy = structuredClone(object);
    this.#strategy.prepareForCreate?.(copy, context);
    return copy;
  }

  updated(object: T, old: T): T {
    const copy = structuredClone(object);
    this.#strategy.prepareForUpdate?.(copy, old, context);
    return copy;
  }

  warns(cases: readonly (readonly [what: string, object: T, warnings: readonly string[], old?: T])[]): void {
    for (const [what, object, warnings, old] of cases) {
      test(`${this.#kind}: ${what} is warned of`, () => {
        const found =
          old === undefined
            ? this.#strategy.warningsOnCreate?.(object)
            : this.#strategy.warningsOnUpdate?.(object, old);
        assert.deepEqual(found ?? [], warnings);
      });
    }
  }

  prints(cases: readonly (readonly [what: string, object: T, cells: Cells])[], nowMs = 0): void {
    for (const [what, object, cells] of cases) {
      test(`${this.#kind}: ${what} is printed`, () => {
        assert.deepEqual(this.#strategy.table?.row(object, nowMs), cells);
        assert.equal(this.#strategy.table?.columns.length, cells.length);
      });
    }
  }
}
