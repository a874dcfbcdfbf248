import type { APIService } from "../../../api/index.ts";
import {
  fieldPath,
  invalid,
  isDns1035Label,
  isDns1123Subdomain,
  isPathSegmentName,
  isValidPortNumber,
  quote,
  required,
} from "../../../apimachinery/index.ts";
import { addMessages, checkEach, checkOneOf, checkRequired, type Errors } from "../common/check.ts";
import { collect, keep, statusAlone, statusOnly } from "../common/lifecycle.ts";
import { base64Length } from "../common/immutable-data.ts";
import { ageColumn, defineTable, nameColumn, text } from "../common/table.ts";
import type { Strategy } from "../contract.ts";

const specPath = fieldPath("spec");
const groupPriorityMax = 20_000;
const versionPriorityMax = 1000;

export const apiServiceStrategy: Strategy<APIService> = {
  prepareForCreate(service) {
    service.status = {};
    if (service.spec.service === undefined) markLocal(service);
  },
  prepareForUpdate: (service, old) => keep(service, old, "status"),
  validateName: nameOfService,
  validate: (service) => collect((errors) => check(service, errors)),
  validateUpdate: (service) => collect((errors) => check(service, errors)),
  allowUnconditionalUpdate: false,
  status: statusOnly<APIService>(
    ({ status }, _old, errors) => {
      checkEach(status?.conditions, fieldPath("status", "conditions"), errors, (condition, at) => {
        checkOneOf(condition.status, ["True", "False", "Unknown"], at.child("status"), errors);
      });
    },
    ["labels", "annotations", "finalizers", "ownerReferences"],
  ),
  resetFields: statusAlone,
  table: defineTable([
    nameColumn,
    text("Service", "What serves it.", ({ spec }) =>
      spec.service === undefined ? "Local" : `${spec.service.namespace ?? ""}/${spec.service.name ?? ""}`,
    ),
    text("Available", "Whether it can be reached.", availableText),
    ageColumn,
  ]),
};

/** What this server serves itself is there at once. */
function markLocal(service: APIService): void {
  const { creationTimestamp } = service.metadata;
  service.status = {
    conditions: [
      {
        type: "Available",
        status: "True",
        ...(creationTimestamp === undefined ? {} : { lastTransitionTime: creationTimestamp }),
        reason: "Local",
        message: "Local APIServices are always available",
      },
    ],
  };
}

function availableText({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === "Available");
  if (condition === undefined) return "Unknown";
  const { status: available, reason = "" } = condition;
  return available === "True" || reason === "" ? available : `${available} (${reason})`;
}

/** It follows from the spec. */
function nameOfService(name: string, _prefix: boolean, { spec }: APIService): readonly string[] {
  const unsafe = isPathSegmentName(name);
  if (unsafe.length > 0) return unsafe;
  const expected = `${spec.version ?? ""}.${spec.group ?? ""}`;
  return name === expected ? [] : [`must be \`spec.version+"."+spec.group\`: ${quote(expected)}`];
}

function check({ spec }: APIService, errors: Errors): void {
  const { group = "", version = "", groupPriorityMinimum, versionPriority } = spec;
  const groupPath = specPath.child("group");
  if (group !== "") addMessages(isDns1123Subdomain(group), group, groupPath, errors);
  else if (version !== "v1") {
    errors.push(required(groupPath, "only v1 may have an empty group and it better be legacy kube"));
  }
  addMessages(isDns1035Label(version), version, specPath.child("version"), errors);
  checkPriority(groupPriorityMinimum, "groupPriorityMinimum", groupPriorityMax, errors);
  checkPriority(versionPriority, "versionPriority", versionPriorityMax, errors);
  checkService(spec, errors);
}

function checkPriority(value: number, field: string, most: number, errors: Errors): void {
  if (value > 0 && value <= most) return;
  errors.push(invalid(specPath.child(field), value, `must be positive and less than ${most}`));
}

function checkService(
  { service, caBundle = "", insecureSkipTLSVerify = false }: APIService["spec"],
  errors: Errors,
): void {
  const insecurePath = specPath.child("insecureSkipTLSVerify");
  if (service === undefined) {
    if (caBundle !== "") {
      const size = `${base64Length(caBundle)} bytes`;
      errors.push(invalid(specPath.child("caBundle"), size, "local APIServices may not have a caBundle"));
    }
    if (insecureSkipTLSVerify) {
      errors.push(invalid(insecurePath, true, "local APIServices may not have insecureSkipTLSVerify"));
    }
    return;
  }
  const at = specPath.child("service");
  const { port = 0 } = service;
  checkRequired(service.namespace, at.child("namespace"), errors);
  checkRequired(service.name, at.child("name"), errors);
  const wrong = isValidPortNumber(port);
  if (wrong.length > 0) errors.push(invalid(at.child("port"), port, `port is not valid: ${wrong.join(", ")}`));
  if (insecureSkipTLSVerify && caBundle !== "") {
    errors.push(invalid(insecurePath, true, "may not be true if caBundle is present"));
  }
}
