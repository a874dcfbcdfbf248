import type { flowcontrolV1, PriorityLevelConfiguration } from "../../../api/index.ts";
import {
  fieldPath,
  type FieldPath,
  forbidden,
  inclusiveRangeError,
  invalid,
  notSupported,
  required,
  semanticEqual,
} from "../../../apimachinery/index.ts";
import { mandatory } from "../../flowcontrol/bootstrap.ts";
import type { Errors } from "../common/check.ts";
import { collect, specAndStatus, statusAlone } from "../common/lifecycle.ts";
import { ageColumn, type Column, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkConditions, statusRules } from "./conditions.ts";

type Level = PriorityLevelConfiguration;
type Limited = flowcontrolV1.LimitedPriorityLevelConfiguration;
type Queuing = flowcontrolV1.QueuingConfiguration;

const specPath = fieldPath("spec");
const queuesMax = 10_000_000;
/** Of the hash that says which queues a flow may use. */
const hashBits = 60;

const check = (level: Level) => collect((errors) => checkLevel(level, errors));

export const priorityLevelStrategy: Strategy<Level> = {
  ...specAndStatus<Level>(),
  validate: check,
  validateUpdate: check,
  allowUnconditionalUpdate: true,
  status: statusRules<Level>(),
  resetFields: statusAlone,
  table: defineTable([
    nameColumn,
    text("Type", "Whether its requests are limited.", ({ spec }) => spec.type),
    figure("NominalConcurrencyShares", "Its share of the seats.", ({ limited }) => limited?.nominalConcurrencyShares),
    figure("Queues", "How many queues it has.", (spec) => queuingOf(spec)?.queues),
    figure("HandSize", "How many queues one flow may use.", (spec) => queuingOf(spec)?.handSize),
    figure("QueueLengthLimit", "How long a queue may get.", (spec) => queuingOf(spec)?.queueLengthLimit),
    ageColumn,
  ]),
};

function queuingOf(spec: Level["spec"]): Queuing | undefined {
  return spec.limited?.limitResponse?.queuing;
}

function figure(name: string, description: string, read: (spec: Level["spec"]) => number | undefined): Column<Level> {
  return text(name, description, ({ spec }: Level) => read(spec) ?? "<none>");
}

function checkLevel(level: Level, errors: Errors): void {
  const { metadata, spec } = level;
  checkSpec(spec, metadata.name ?? "", errors);
  checkFixed(level, errors);
  checkConditions(level, errors);
}

function checkFixed({ metadata, spec }: Level, errors: Errors): void {
  const { name = "" } = metadata;
  const fixed = mandatory.levels.find((one) => one.metadata.name === name);
  if (fixed === undefined) return;
  // The part of the exempt level that is about lending is the administrator's.
  const open = name === "exempt";
  const compared = open && fixed.spec.exempt !== undefined ? { ...spec, exempt: fixed.spec.exempt } : spec;
  if (semanticEqual(compared, fixed.spec)) return;
  const except = open ? " except the 'spec.exempt' field" : "";
  errors.push(invalid(specPath, spec, `spec of '${name}'${except} must equal the fixed value`));
}

function checkSpec({ type, limited, exempt }: Level["spec"], name: string, errors: Errors): void {
  const typePath = specPath.child("type");
  if ((name === "exempt") !== (type === "Exempt")) {
    errors.push(invalid(typePath, type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  }
  const limitedPath = specPath.child("limited");
  const exemptPath = specPath.child("exempt");
  if (type === "Exempt") {
    if (limited !== undefined) errors.push(forbidden(limitedPath, "must be nil if the type is not Limited"));
    if (exempt !== undefined) checkShares(exempt, exemptPath, errors);
  } else if (type === "Limited") {
    if (exempt !== undefined) errors.push(forbidden(exemptPath, "must be nil if the type is Limited"));
    if (limited === undefined) errors.push(required(limitedPath, "must not be empty when type is Limited"));
    else checkLimited(limited, limitedPath, errors);
  } else errors.push(notSupported(typePath, type, ["Exempt", "Limited"]));
}

function checkShares(
  { nominalConcurrencyShares: shares, lendablePercent: lendable }: flowcontrolV1.ExemptPriorityLevelConfiguration,
  path: FieldPath,
  errors: Errors,
): void {
  if (shares !== undefined && shares < 0) {
    errors.push(invalid(path.child("nominalConcurrencyShares"), shares, "must be a non-negative integer"));
  }
  if (lendable !== undefined && (lendable < 0 || lendable > 100)) {
    errors.push(invalid(path.child("lendablePercent"), lendable, inclusiveRangeError(0, 100)));
  }
}

function checkLimited(limited: Limited, path: FieldPath, errors: Errors): void {
  const { limitResponse, borrowingLimitPercent: borrowing } = limited;
  checkShares(limited, path, errors);
  if (borrowing !== undefined && borrowing < 0) {
    errors.push(
      invalid(path.child("borrowingLimitPercent"), borrowing, "if specified, must be a non-negative integer"),
    );
  }
  const { type = "", queuing } = limitResponse ?? {};
  const at = path.child("limitResponse");
  const queuingPath = at.child("queuing");
  if (type === "Reject") {
    const why = "must be nil if limited.limitResponse.type is not Limited";
    if (queuing !== undefined) errors.push(forbidden(queuingPath, why));
  } else if (type === "Queue") {
    const why = "must not be empty if limited.limitResponse.type is Limited";
    if (queuing === undefined) errors.push(required(queuingPath, why));
    else checkQueuing(queuing, queuingPath, errors);
  } else errors.push(notSupported(at.child("type"), type, ["Queue", "Reject"]));
}

function checkQueuing(queuing: Queuing, path: FieldPath, errors: Errors): void {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const positive = (value: number, field: string): boolean => {
    if (value <= 0) errors.push(invalid(path.child(field), value, "must be positive"));
    return value > 0;
  };
  positive(queueLengthLimit, "queueLengthLimit");
  if (positive(queues, "queues") && queues > queuesMax) {
    errors.push(invalid(path.child("queues"), queues, `must not be greater than ${queuesMax}`));
  }
  if (!positive(handSize, "handSize")) return;
  const at = path.child("handSize");
  if (handSize > queues) {
    errors.push(invalid(at, handSize, `should not be greater than queues (${queues})`));
  } else if (Math.ceil(Math.log2(queues) * handSize) > hashBits) {
    const why = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${hashBits}`;
    errors.push(invalid(at, handSize, why));
  }
}
