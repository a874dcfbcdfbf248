import { type CelType, dynType, listOf, mapOf, optionalOf } from "./types.ts";

/** What the type parameters of a check stand for so far. */
export type Substitution = Map<string, CelType>;

/** Whether a value of type `actual` may stand where `formal` is wanted; binds parameters as needed. */
export function assignable(bindings: Substitution, formal: CelType, actual: CelType): boolean {
  const [to, from] = [settle(bindings, formal), settle(bindings, actual)];
  if (to.kind === "parameter") return bind(bindings, to, from);
  if (from.kind === "parameter") return bind(bindings, from, to);
  if (isDyn(to) || isDyn(from)) return true;
  if (to.kind === "wrapper") {
    if (from.kind === "null") return true;
    return assignable(bindings, to.element, from.kind === "wrapper" ? from.element : from);
  }
  if (from.kind === "wrapper") return assignable(bindings, to, from.element);
  if (from.kind === "null" || to.kind === "null")
    return from.kind === to.kind || mayBeNull(from.kind === "null" ? to : from);
  return sameShape(bindings, to, from);
}

function isDyn(type: CelType): boolean {
  return type.kind === "dyn" || type.kind === "error";
}

/** Message types take null. */
function mayBeNull(type: CelType): boolean {
  return ["object", "opaque", "timestamp", "duration", "optional"].includes(type.kind);
}

function sameShape(bindings: Substitution, to: CelType, from: CelType): boolean {
  if (to.kind === "list") return from.kind === "list" && assignable(bindings, to.element, from.element);
  if (to.kind === "map") {
    return from.kind === "map" && assignable(bindings, to.key, from.key) && assignable(bindings, to.value, from.value);
  }
  if (to.kind === "optional") return from.kind === "optional" && assignable(bindings, to.element, from.element);
  if (to.kind === "object" || to.kind === "opaque") return from.kind === to.kind && from.name === to.name;
  if (to.kind === "type") return from.kind === "type";
  return to.kind === from.kind;
}

/** Whether a type says no more than another: of elements that fit together, such a type is that of the list. */
export function atLeastAsGeneral(bindings: Substitution, type: CelType, other: CelType): boolean {
  const [a, b] = [settle(bindings, type), settle(bindings, other)];
  const inner = (x: CelType, y: CelType) => atLeastAsGeneral(bindings, x, y);
  if (isDyn(a) || a.kind === "parameter" || b.kind === "null") return true;
  if (isDyn(b) || b.kind === "parameter" || a.kind === "null") return false;
  if (a.kind === "list" && b.kind === "list") return inner(a.element, b.element);
  if (a.kind === "optional" && b.kind === "optional") return inner(a.element, b.element);
  if (a.kind === "map" && b.kind === "map") return inner(a.key, b.key) && inner(a.value, b.value);
  return a.kind === "wrapper" || b.kind !== "wrapper";
}

function bind(bindings: Substitution, parameter: CelType & { kind: "parameter" }, type: CelType): boolean {
  if (type.kind === "parameter" && type.name === parameter.name) return true;
  if (mentions(bindings, type, parameter.name)) return false;
  bindings.set(parameter.name, type);
  return true;
}

/** Follows a parameter to what it stands for. */
function settle(bindings: Substitution, type: CelType): CelType {
  let at = type;
  while (at.kind === "parameter") {
    const bound = bindings.get(at.name);
    if (bound === undefined) return at;
    at = bound;
  }
  return at;
}

function mentions(bindings: Substitution, type: CelType, name: string): boolean {
  const at = settle(bindings, type);
  switch (at.kind) {
    case "parameter":
      return at.name === name;
    case "list":
    case "optional":
    case "wrapper":
      return mentions(bindings, at.element, name);
    case "map":
      return mentions(bindings, at.key, name) || mentions(bindings, at.value, name);
    default:
      return false;
  }
}

/** A type with every parameter replaced; those that stand for nothing yet become `dyn` when `final`. */
export function substitute(bindings: Substitution, type: CelType, final: boolean): CelType {
  const at = settle(bindings, type);
  switch (at.kind) {
    case "parameter":
      return final ? dynType : at;
    case "list": {
      const element = substitute(bindings, at.element, final);
      return element === at.element ? at : { ...at, element };
    }
    case "map": {
      const [key, value] = [substitute(bindings, at.key, final), substitute(bindings, at.value, final)];
      return key === at.key && value === at.value ? at : { ...at, key, value };
    }
    case "optional": {
      const element = substitute(bindings, at.element, final);
      return element === at.element ? at : { ...at, element };
    }
    case "type":
      return at.of === undefined ? at : { kind: "type", of: substitute(bindings, at.of, final) };
    default:
      return at;
  }
}

/** An overload's own parameters, made distinct for one call. */
export function instantiate(type: CelType, suffix: string): CelType {
  switch (type.kind) {
    case "parameter":
      return { kind: "parameter", name: `${type.name}%${suffix}` };
    case "list":
      return listOf(instantiate(type.element, suffix));
    case "map":
      return mapOf(instantiate(type.key, suffix), instantiate(type.value, suffix));
    case "optional":
      return optionalOf(instantiate(type.element, suffix));
    case "type":
      return type.of === undefined ? type : { kind: "type", of: instantiate(type.of, suffix) };
    default:
      return type;
  }
}
