import { type FieldError, omittedValue } from "../../../apimachinery/index.ts";

/** One thing wrong with a value. `at` is where, as upstream's validator spells it; undefined: nowhere in particular. */
export interface Finding {
  readonly at: string | undefined;
  readonly type: FieldError["type"];
  readonly badValue: unknown;
  readonly detail: string;
  /** What tells findings apart: the same is said once. */
  readonly text: string;
}

/** What the check of one value found. */
export class Findings {
  readonly list: Finding[] = [];
  /** Checks that were made; the most tried of several failed alternatives is the one reported. */
  matches = 0;

  get valid(): boolean {
    return this.list.length === 0;
  }

  add(finding: Finding): void {
    if (!this.list.some(({ text }) => text === finding.text)) this.list.push(finding);
  }

  merge(other: Findings): void {
    for (const finding of other.list) this.add(finding);
    this.matches += other.matches;
  }

  /** As field errors below `prefix`, the path of the value that was checked; "" for a whole object. */
  errors(prefix: string): FieldError[] {
    return this.list.map(({ at, type, badValue, detail }) => ({ type, field: fieldOf(prefix, at), badValue, detail }));
  }
}

function fieldOf(prefix: string, at: string | undefined): string {
  const name = at === undefined ? "" : at.replace(/^\./, "");
  if (name === "") return prefix === "" ? "<nil>" : prefix;
  return prefix === "" ? name : `${prefix}.${name}`;
}

/** `rest` follows the path and "in body". */
export function invalidAt(at: string, badValue: unknown, rest: string): Finding {
  const detail = `${at} in body ${rest}`;
  return { at, type: "FieldValueInvalid", badValue, detail, text: detail };
}

export function wrongType(at: string, wanted: string, given: string): Finding {
  const detail = `${at} in body must be of type ${wanted}: ${JSON.stringify(given)}`;
  return { at, type: "FieldValueTypeInvalid", badValue: given, detail, text: detail };
}

/** About how alternatives combine, and ranges: upstream says these of no field. */
export function nowhere(detail: string): Finding {
  return { at: undefined, type: "FieldValueInvalid", badValue: "", detail, text: detail };
}

export function tooManyAt(at: string, actual: number, most: number, what: string): Finding {
  const detail = `must have at most ${most} ${most === 1 ? "item" : "items"}`;
  const badValue = actual < 0 ? omittedValue : actual;
  return { at, type: "FieldValueTooMany", badValue, detail, text: `${at} should have at most ${most} ${what}` };
}
