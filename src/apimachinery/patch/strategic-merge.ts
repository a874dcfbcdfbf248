import { newBadRequest, newFailure, newUnknownError } from "../errors/status.ts";
import type { FieldSchema, Schema } from "../schema/contract.ts";
import { goText, goTypeName, isJsonObject, type JsonObject, setMember } from "./json-value.ts";
import { mergeList, type ListRules } from "./strategic-merge-list.ts";

export const directiveMarker = "$patch";
const retainKeysDirective = "$retainKeys";
const deleteFromPrimitiveListPrefix = "$deleteFromPrimitiveList";
const setElementOrderPrefix = "$setElementOrder";

const badPrimitiveList = "invalid patch format of primitive list";
const badRetainKeys = "invalid patch format of retainKeys";
const badSetElementOrder = "invalid patch format of setElementOrder list";

/**
 * A strategic merge patch by the facts of `schema`: `$patch` (replace, merge, delete), `$retainKeys`,
 * `$deleteFromPrimitiveList`, `$setElementOrder`. Returns a new document that shares what did not change with the
 * old one; neither argument is written to. Throws `StatusError` as upstream words it.
 */
export function applyStrategicMergePatch(document: unknown, patch: unknown, schema: Schema): unknown {
  if (!isJsonObject(patch))
    throw newBadRequest(`json: cannot unmarshal ${goTypeName(patch)} into Go value of type map[string]interface {}`);
  return mergeMap(isJsonObject(document) ? document : {}, patch, schema);
}

/** Merges one map into another by the fields of `schema`. */
export function mergeMap(original: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = patch[directiveMarker];
  if (directive !== undefined) return applyMapDirective(directive, patch);
  const merged: Record<string, unknown> = { ...original };
  const done = new Set<string>();
  if (retainKeysDirective in patch) {
    retainKeys(merged, patch, patch[retainKeysDirective]);
    done.add(retainKeysDirective);
  }
  for (const key in patch) {
    if (!key.startsWith(setElementOrderPrefix)) continue;
    const field = suffixOf(key, setElementOrderPrefix, badSetElementOrder);
    setElementOrder(merged, patch, field, patch[key], schema);
    done.add(key);
    done.add(field);
  }
  for (const key in patch) if (!done.has(key)) mergeField(merged, key, patch[key], schema);
  return merged;
}

function applyMapDirective(directive: unknown, patch: JsonObject): JsonObject {
  if (directive === "delete") return {};
  if (directive !== "replace") {
    throw newUnknownError(`unknown patch type: ${goText(directive)} in map: ${goText(patch)}`);
  }
  const { [directiveMarker]: _, ...rest } = patch;
  return rest;
}

function suffixOf(key: string, prefix: string, wrong: string): string {
  const slash = key.indexOf("/");
  if (slash < 0 || key.slice(0, slash) !== prefix) throw newBadRequest(wrong);
  return key.slice(slash + 1);
}

function retainKeys(merged: Record<string, unknown>, patch: JsonObject, directive: unknown): void {
  if (!Array.isArray(directive)) throw newBadRequest(badRetainKeys);
  const retained = new Set<unknown>(directive);
  for (const key in patch) {
    if (key === retainKeysDirective || patch[key] === null) continue;
    if (key.startsWith(deleteFromPrimitiveListPrefix) || key.startsWith(setElementOrderPrefix)) continue;
    if (!retained.has(key)) throw newBadRequest(badRetainKeys);
  }
  for (const key of Object.keys(merged)) if (!retained.has(key)) delete merged[key];
}

function mergeField(
  merged: Record<string, unknown>,
  patchKey: string,
  value: unknown,
  schema: Schema | undefined,
): void {
  const deleting = patchKey.startsWith(deleteFromPrimitiveListPrefix);
  const key = deleting ? suffixOf(patchKey, deleteFromPrimitiveListPrefix, badPrimitiveList) : patchKey;
  if (value === null) {
    delete merged[key];
    return;
  }
  const current = Object.hasOwn(merged, key) ? merged[key] : undefined;
  if (current !== undefined && isJsonObject(current) && isJsonObject(value)) {
    const { field, inner } = lookup(schema, key);
    const replace = strategyOf(field) === "replace";
    setMember(merged, key, replace ? value : mergeMap(current, value, inner));
    return;
  }
  if (Array.isArray(current) && Array.isArray(value)) {
    const rules = listRules(schema, key);
    if (!rules.merge && !deleting) setMember(merged, key, value);
    else setMember(merged, key, deleting ? withoutItems(current, value, rules) : mergeList(current, value, rules));
    return;
  }
  if (deleting) return;
  const cleaned = withoutDirectives(value, true);
  if (cleaned === undefined) delete merged[key];
  else setMember(merged, key, cleaned);
}

function withoutItems(current: readonly unknown[], removed: readonly unknown[], rules: ListRules): readonly unknown[] {
  if (isJsonObject(current[0] ?? removed[0])) return mergeList(current, removed, rules);
  const gone = new Set(removed);
  return current.filter((item) => !gone.has(item));
}

/** Undefined where the value itself carries a directive and so stands for nothing. */
export function withoutDirectives(value: unknown, dropNulls: boolean): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => withoutDirectives(item, dropNulls)).filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  if (Object.hasOwn(value, directiveMarker)) return undefined;
  const cleaned: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const member = value[key];
    if (dropNulls && member === null) continue;
    const kept = withoutDirectives(member, dropNulls);
    if (kept !== undefined) setMember(cleaned, key, kept);
  }
  return cleaned;
}

interface Lookup {
  readonly field?: FieldSchema;
  readonly inner?: Schema;
}

function lookup(schema: Schema | undefined, key: string): Lookup {
  if (schema?.type === "map") return { inner: schema.values };
  if (schema?.type !== "object") return {};
  const field = schema.fields.get(key);
  if (field === undefined && schema.preserveUnknown !== true) {
    throw newUnknownError(`unable to find api field in struct ${shortName(schema.name)} for the json field "${key}"`);
  }
  return field === undefined ? {} : { field, inner: field.schema };
}

function shortName(name: string | undefined): string {
  return name?.slice(name.lastIndexOf(".") + 1) ?? "";
}

function strategyOf(field: FieldSchema | undefined): string {
  return field?.facts.patch?.find((strategy) => strategy !== "retainKeys") ?? "";
}

function listRules(schema: Schema | undefined, key: string): ListRules {
  const { field, inner } = lookup(schema, key);
  const items = inner?.type === "list" ? inner.items : undefined;
  return {
    merge: strategyOf(field) === "merge",
    key: field?.facts.patchKey ?? "",
    ...(items === undefined ? {} : { items }),
  };
}

function setElementOrder(
  merged: Record<string, unknown>,
  patch: JsonObject,
  key: string,
  order: unknown,
  schema: Schema | undefined,
): void {
  if (!Array.isArray(order)) throw newUnknownError(`expected a []interface {}, but received a ${goTypeName(order)}`);
  const current = asOptionalList(merged[key]);
  const wanted = asOptionalList(patch[key]);
  if (current === undefined && wanted === undefined) return;
  const rules = listRules(schema, key);
  if (wanted !== undefined) checkOrder(wanted, order, rules.key);
  if (current === undefined) setMember(merged, key, orderedNew(wanted ?? [], order, rules));
  else setMember(merged, key, mergeList(current, wanted ?? [], rules, order));
}

function orderedNew(wanted: readonly unknown[], order: readonly unknown[], rules: ListRules): readonly unknown[] {
  const cleaned = withoutDirectives(wanted, false);
  return mergeList(Array.isArray(cleaned) ? cleaned : [], [], rules, order);
}

function asOptionalList(value: unknown): readonly unknown[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw newUnknownError(`expected a []interface {}, but received a ${goTypeName(value)}`);
  return value;
}

/** The items of the patch must come in the order that the directive gives. */
function checkOrder(wanted: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (wanted.length === 0 || order.length === 0) return;
  const idOf = (item: unknown) => (mergeKey === "" || !isJsonObject(item) ? item : item[mergeKey]);
  let at = 0;
  for (const item of wanted) {
    if (isJsonObject(item) && directiveMarker in item) continue;
    while (at < order.length && idOf(order[at]) !== idOf(item)) at++;
    if (at >= order.length) {
      const lists = `${goText(wanted)}\n doesn't match ${setElementOrderPrefix} list:\n${goText(order)}\n`;
      throw newUnknownError(`The order in patch list:\n${lists}`);
    }
    at++;
  }
}

/** For errors that upstream answers with 422. */
export function unprocessable(): Error {
  return newFailure(422, "Invalid", "the server rejected our request due to an error in our request", {});
}
