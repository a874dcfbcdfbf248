import { parseLabelRequirements } from "./label-parser.ts";
import { own } from "../../base/index.ts";
import {
  type LabelOperator,
  type LabelRequirement,
  newRequirement,
  parseInt64,
  requirementText,
  SelectorError,
} from "./requirement.ts";
import { quote } from "../validation/quote.ts";

export type Labels = Readonly<Record<string, string>>;

/** A compiled selector. */
export interface Selector {
  matches(labels: Labels | undefined): boolean;
  /** Selects everything. */
  readonly isEmpty: boolean;
  readonly requirements: readonly LabelRequirement[];
  /** The value that `key` must have, where exactly one will do. */
  exactValue(key: string): string | undefined;
  toString(): string;
}

/** `metav1.LabelSelector`. */
export interface LabelSelectorObject {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly LabelSelectorExpression[];
}

export interface LabelSelectorExpression {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

type Matcher = (labels: Labels) => boolean;
const noLabels: Labels = {};

class CompiledLabelSelector implements Selector {
  readonly requirements: readonly LabelRequirement[];
  readonly #matchers: readonly Matcher[];

  constructor(requirements: readonly LabelRequirement[]) {
    this.requirements = requirements;
    this.#matchers = requirements.map(compile);
  }

  get isEmpty(): boolean {
    return this.#matchers.length === 0;
  }

  matches(labels: Labels | undefined): boolean {
    const given = labels ?? noLabels;
    for (const matcher of this.#matchers) if (!matcher(given)) return false;
    return true;
  }

  exactValue(key: string): string | undefined {
    const found = this.requirements.find((requirement) => requirement.key === key);
    if (found === undefined || found.values.length !== 1) return undefined;
    return found.operator === "=" || found.operator === "==" || found.operator === "in" ? found.values[0] : undefined;
  }

  toString(): string {
    return this.requirements.map(requirementText).join(",");
  }
}

function compile({ key, operator, values }: LabelRequirement): Matcher {
  const only = values.length === 1 ? values[0] : undefined;
  const set = new Set(values);
  switch (operator) {
    case "=":
    case "==":
    case "in":
      if (only !== undefined) return (labels) => own(labels, key) === only;
      return (labels) => contains(set, own(labels, key));
    case "!=":
    case "notin":
      if (only !== undefined) return (labels) => own(labels, key) !== only;
      return (labels) => !contains(set, own(labels, key));
    case "exists":
      return (labels) => own(labels, key) !== undefined;
    case "!":
      return (labels) => own(labels, key) === undefined;
    default:
      return compileComparison(key, operator, only ?? "");
  }
}

function compileComparison(key: string, operator: "gt" | "lt", limitText: string): Matcher {
  const limit = parseInt64(limitText);
  return (labels) => {
    const value = parseInt64(own(labels, key) ?? "");
    if (value === undefined || limit === undefined) return false;
    return operator === "gt" ? value > limit : value < limit;
  };
}

function contains(set: ReadonlySet<string>, value: string | undefined): boolean {
  return value !== undefined && set.has(value);
}

export const everything: Selector = new CompiledLabelSelector([]);

export const nothing: Selector = {
  matches: () => false,
  isEmpty: false,
  requirements: [],
  exactValue: () => undefined,
  toString: () => "",
};

function byKey(a: LabelRequirement, b: LabelRequirement): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** `app=web,tier in (a,b),!old`. Throws `SelectorError`. */
export function parseLabelSelector(text: string): Selector {
  const requirements = parseLabelRequirements(text);
  return requirements.length === 0 ? everything : new CompiledLabelSelector(requirements);
}

/** Labels that must all be present, unchecked (selectors of Services and ReplicationControllers). */
export function selectorFromLabels(labels: Labels | undefined): Selector {
  const entries = Object.entries(labels ?? noLabels);
  if (entries.length === 0) return everything;
  return new CompiledLabelSelector(
    entries.map(([key, value]): LabelRequirement => ({ key, operator: "=", values: [value] })).sort(byKey),
  );
}

const objectOperators: Readonly<Record<string, LabelOperator>> = {
  In: "in",
  NotIn: "notin",
  Exists: "exists",
  DoesNotExist: "!",
};

/** Absent selects nothing, empty selects everything. Throws `SelectorError`. */
export function selectorFromObject(object: LabelSelectorObject | undefined | null): Selector {
  if (object === undefined || object === null) return nothing;
  const requirements = Object.entries(object.matchLabels ?? {}).map(([key, value]) =>
    newRequirement(key, "=", [value]),
  );
  for (const { key, operator, values } of object.matchExpressions ?? []) {
    const known = objectOperators[operator];
    if (known === undefined) throw new SelectorError(`${quote(operator)} is not a valid label selector operator`);
    requirements.push(newRequirement(key, known, values ?? []));
  }
  return requirements.length === 0 ? everything : new CompiledLabelSelector(requirements.sort(byKey));
}

/** As tables show it: `<none>` for an empty one, `<error>` for an invalid one. */
export function formatLabelSelector(object: LabelSelectorObject | undefined | null): string {
  try {
    const text = selectorFromObject(object).toString();
    return text === "" ? "<none>" : text;
  } catch {
    return "<error>";
  }
}

/** The object form of a text (`kubectl` flags, scale's `status.selector`). Throws `SelectorError`. */
export function labelSelectorObjectFromText(text: string): LabelSelectorObject {
  const matchLabels: Record<string, string> = {};
  const matchExpressions: LabelSelectorExpression[] = [];
  for (const { key, operator, values } of parseLabelRequirements(text)) {
    if (operator === "=" || operator === "==") {
      matchLabels[key] = values[0] ?? "";
      continue;
    }
    const known = Object.entries(objectOperators).find(([, own]) => own === operator)?.[0];
    if (operator === "gt" || operator === "lt") {
      throw new SelectorError(`${quote(operator)} isn't supported in label selectors`);
    }
    if (known === undefined) throw new SelectorError(`${quote(operator)} is not a valid label selector operator`);
    matchExpressions.push({ key, operator: known, values });
  }
  return { matchLabels, matchExpressions };
}
