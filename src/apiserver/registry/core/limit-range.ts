import type { coreV1, LimitRange } from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  fieldPath,
  forbidden,
  invalid,
  isQualifiedName,
  parseQuantity,
  type Quantity,
  required,
} from "../../../apimachinery/index.ts";
import { own } from "../../../base/index.ts";
import { addMessages, checkEach, type Errors } from "../common/check.ts";
import { collect } from "../common/lifecycle.ts";
import { checkContainerResourceName, checkResourceName, isOvercommitAllowed } from "../common/resources.ts";
import { createdAtColumn, defineTable, nameColumn } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

type Item = coreV1.LimitRangeItem;

const limitsPath = fieldPath("spec", "limits");
const check = ({ spec }: LimitRange) =>
  collect((errors) => {
    const types = new Set<string>();
    checkEach(spec?.limits, limitsPath, errors, (item, path) => {
      checkType(item.type, path.child("type"), errors);
      if (types.has(item.type)) errors.push(duplicate(path.child("type"), item.type));
      types.add(item.type);
      checkItem(item, path, errors);
    });
  });

export const limitRangeStrategy: Strategy<LimitRange> = {
  prepareForCreate({ metadata }, { random }) {
    if ((metadata.name ?? "") === "") metadata.name = random.uuid();
  },
  validate: check,
  validateUpdate: check,
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  table: defineTable([nameColumn, createdAtColumn]),
};

const standardTypes = ["Pod", "Container", "PersistentVolumeClaim"];

function checkType(type: string, path: FieldPath, errors: Errors): void {
  const messages = isQualifiedName(type);
  addMessages(messages, type, path, errors);
  if (messages.length === 0 && !type.includes("/") && !standardTypes.includes(type)) {
    errors.push(invalid(path, type, "must be a standard limit type or fully qualified"));
  }
}

type Amounts = Readonly<Record<string, string>> | undefined;

function checkNames(type: string, amounts: Amounts, path: FieldPath, errors: Errors): void {
  const checkName = type === "Pod" || type === "Container" ? checkContainerResourceName : checkResourceName;
  for (const name of Object.keys(amounts ?? {})) checkName(name, path.key(name), errors);
}

function checkItem(item: Item, path: FieldPath, errors: Errors): void {
  const isPod = item.type === "Pod";
  checkNames(item.type, item.max, path.child("max"), errors);
  checkNames(item.type, item.min, path.child("min"), errors);
  for (const field of ["default", "defaultRequest"] as const) {
    if (!isPod) checkNames(item.type, item[field], path.child(field), errors);
    else if (Object.keys(item[field] ?? {}).length > 0) {
      errors.push(forbidden(path.child(field), "may not be specified when `type` is 'Pod'"));
    }
  }
  if (item.type === "PersistentVolumeClaim" && item.min?.["storage"] === undefined && !item.max?.["storage"]) {
    const why = "either minimum or maximum storage value is required, but neither was provided";
    errors.push(required(path.child("limits"), why));
  }
  checkNames(item.type, item.maxLimitRequestRatio, path.child("maxLimitRequestRatio"), errors);
  const fields = [item.max, item.min, isPod ? {} : item.default, isPod ? {} : item.defaultRequest];
  const names = new Set([...fields, item.maxLimitRequestRatio].flatMap((amounts) => Object.keys(amounts ?? {})));
  for (const name of [...names].sort()) checkAmounts(item, name, isPod, path, errors);
}

/** The amounts of one resource against each other. Upstream shows the bound, not the value, for broken defaults. */
function checkAmounts(item: Item, name: string, isPod: boolean, path: FieldPath, errors: Errors): void {
  const read = (amounts: Amounts): Quantity | undefined => {
    const text = own(amounts, name);
    return text === undefined ? undefined : parseQuantity(text);
  };
  const [min, max] = [read(item.min), read(item.max)];
  const fallback = isPod ? undefined : read(item.default);
  const request = isPod ? undefined : read(item.defaultRequest);
  type Rule = readonly [
    lesser: Quantity | undefined,
    greater: Quantity | undefined,
    Field,
    Quantity | undefined,
    string,
  ];
  type Field = "min" | "default" | "defaultRequest";
  const rules: readonly Rule[] = [
    [min, max, "min", min, `min value ${min} is greater than max value ${max}`],
    [min, request, "defaultRequest", request, `min value ${min} is greater than default request value ${request}`],
    [request, max, "defaultRequest", request, `default request value ${request} is greater than max value ${max}`],
    [
      request,
      fallback,
      "defaultRequest",
      request,
      `default request value ${request} is greater than default limit value ${fallback}`,
    ],
    [min, fallback, "default", min, `min value ${min} is greater than default value ${fallback}`],
    [fallback, max, "default", max, `default value ${fallback} is greater than max value ${max}`],
  ];
  for (const [lesser, greater, field, shown, why] of rules) {
    if (lesser === undefined || greater === undefined || lesser.compare(greater) <= 0) continue;
    errors.push(invalid(path.child(field).key(name), String(shown), why));
  }
  checkRatio(read(item.maxLimitRequestRatio), min, max, path.child("maxLimitRequestRatio").key(name), errors);
  if (
    !isOvercommitAllowed(name) &&
    fallback !== undefined &&
    request !== undefined &&
    fallback.compare(request) !== 0
  ) {
    const why = `default value ${fallback} must equal to defaultRequest value ${request} in ${name}`;
    errors.push(invalid(path.child("defaultRequest").key(name), String(request), why));
  }
}

function checkRatio(
  ratio: Quantity | undefined,
  min: Quantity | undefined,
  max: Quantity | undefined,
  path: FieldPath,
  errors: Errors,
): void {
  if (ratio === undefined) return;
  if (ratio.milliValue() < 1000) errors.push(invalid(path, String(ratio), `ratio ${ratio} is less than 1`));
  if (min === undefined || max === undefined) return;
  const limit = max.milliValue() / min.milliValue();
  if (ratio.milliValue() / 1000 <= limit) return;
  errors.push(invalid(path, String(ratio), `ratio ${ratio} is greater than max/min = ${limit.toFixed(6)}`));
}
