import type { CronJob } from "../../../api/index.ts";
import {
  ageText,
  cronError,
  type FieldPath,
  fieldPath,
  formatLabelSelector,
  invalid,
  isTimeZone,
  notSupported,
  required,
} from "../../../apimachinery/index.ts";
import { checkNonNegative, type Errors } from "../common/check.ts";
import { shownSelector } from "../common/selector-and-template.ts";
import { collect, specAndStatus, statusOnly } from "../common/lifecycle.ts";
import { hostnameWarnings } from "../common/pod-warnings.ts";
import {
  ageColumn,
  containerColumns,
  defineTable,
  flag,
  integer,
  nameColumn,
  none,
  text,
  wide,
} from "../common/table.ts";
import type { Strategy } from "../contract.ts";
import { checkJobSpec } from "./job-spec.ts";
import { jobWarnings } from "./warnings.ts";

type Spec = CronJob["spec"];

const specPath = fieldPath("spec");
const jobPath = specPath.child("jobTemplate").child("spec");
/** The controller adds eleven characters for the names of jobs. */
const nameMax = 52;

export const cronJobStrategy: Strategy<CronJob> = {
  ...specAndStatus<CronJob>(),
  validate: ({ spec, metadata }) =>
    collect((errors) => {
      checkSpec(spec, undefined, errors);
      const { name = "" } = metadata;
      if (name.length > nameMax) {
        errors.push(invalid(fieldPath("metadata", "name"), name, `must be no more than ${nameMax} characters`));
      }
    }),
  validateUpdate: ({ spec }, old) => collect((errors) => checkSpec(spec, old.spec, errors)),
  warningsOnCreate: ({ metadata, spec }) => [
    ...hostnameWarnings(metadata.name),
    ...jobWarnings(spec.jobTemplate.spec, jobPath),
  ],
  warningsOnUpdate: ({ metadata, spec }, old) => [
    ...(metadata.generation === old.metadata.generation ? [] : jobWarnings(spec.jobTemplate.spec, jobPath)),
    // The path is upstream's.
    ...(spec.schedule.includes("TZ")
      ? ["cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone field instead"]
      : []),
  ],
  allowUnconditionalUpdate: true,
  status: statusOnly<CronJob>(),
  table: defineTable([
    nameColumn,
    text("Schedule", "When it runs.", ({ spec }) => spec.schedule),
    text("Timezone", "Where the schedule's times are.", ({ spec }) => none(spec.timeZone)),
    flag("Suspend", "Whether it pauses.", ({ spec }) => {
      return spec.suspend === undefined ? "<unset>" : spec.suspend ? "True" : "False";
    }),
    integer("Active", "How many of its jobs run.", ({ status }) => status?.active?.length ?? 0),
    text("Last Schedule", "The time since it ran last.", ({ status }, nowMs) =>
      status?.lastScheduleTime === undefined ? "<none>" : ageText(status.lastScheduleTime, nowMs),
    ),
    ageColumn,
    ...containerColumns<CronJob>(({ spec }) => spec.jobTemplate.spec.template.spec),
    wide(
      text("Selector", "Which pods belong to it.", ({ spec }) => formatLabelSelector(spec.jobTemplate.spec.selector)),
    ),
  ]),
};

function checkSpec(spec: Spec, old: Spec | undefined, errors: Errors): void {
  const schedulePath = specPath.child("schedule");
  if (spec.schedule === "") errors.push(required(schedulePath));
  else checkSchedule(spec, old?.schedule.includes("TZ") ?? false, schedulePath, errors);
  checkNonNegative(spec.startingDeadlineSeconds, specPath.child("startingDeadlineSeconds"), errors);
  if (old === undefined || old.timeZone !== spec.timeZone) {
    checkTimeZone(spec.timeZone, specPath.child("timeZone"), errors);
  }
  const policy: string = spec.concurrencyPolicy ?? "";
  const policies = ["Allow", "Forbid", "Replace"];
  const policyPath = specPath.child("concurrencyPolicy");
  if (policy === "") errors.push(required(policyPath));
  else if (!policies.includes(policy)) errors.push(notSupported(policyPath, policy, policies));
  const job = spec.jobTemplate.spec;
  checkJobSpec(job, jobPath, errors);
  if (job.selector !== undefined) {
    errors.push(invalid(jobPath.child("selector"), shownSelector(job.selector), "`selector` will be auto-generated"));
  }
  if (job.manualSelector === true) {
    errors.push(notSupported(jobPath.child("manualSelector"), true, ["nil", "false"]));
  }
  checkNonNegative(spec.successfulJobsHistoryLimit, specPath.child("successfulJobsHistoryLimit"), errors);
  checkNonNegative(spec.failedJobsHistoryLimit, specPath.child("failedJobsHistoryLimit"), errors);
}

function checkSchedule({ schedule, timeZone }: Spec, zoneAllowed: boolean, path: FieldPath, errors: Errors): void {
  const why = cronError(schedule);
  if (why !== undefined) errors.push(invalid(path, schedule, why));
  if (!schedule.includes("TZ")) return;
  if (!zoneAllowed) {
    errors.push(invalid(path, schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"));
  } else if (timeZone !== undefined) {
    errors.push(invalid(path, schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule"));
  }
}

function checkTimeZone(zone: string | undefined, path: FieldPath, errors: Errors): void {
  if (zone === undefined) return;
  if (zone === "") {
    errors.push(invalid(path, zone, "timeZone must be nil or non-empty string"));
    return;
  }
  const plain = zone.split("/").every((part) => /^(?!-)(?!\.\.?$)[A-Za-z._0-9+-]{1,14}$/.test(part));
  if (plain && zone.toLowerCase() === "local") {
    const why = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones";
    errors.push(invalid(path, zone, why));
  }
  if (!plain || (zone !== "Local" && !isTimeZone(zone))) {
    errors.push(invalid(path, zone, `unknown time zone ${zone}`));
  }
}
