import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type batchV1,
  type CronJob,
  type Job,
  type JobSpec,
  type PodTemplateSpec,
  internalFormOf,
} from "../../../api/index.ts";
import { RuleTables } from "../fixture.ts";
import { cronJobStrategy } from "./cron-job.ts";
import { jobStrategy } from "./job.ts";

const wrong = <T>(value: unknown): T => value as T;
const metadata = { name: "x", namespace: "n", uid: "u", generation: 1, creationTimestamp: "1970-01-01T00:00:00Z" };
const template: PodTemplateSpec = {
  metadata: {},
  spec: {
    containers: [{ name: "c", image: "i", terminationMessagePolicy: "File", imagePullPolicy: "Always" }],
    restartPolicy: "Never",
    dnsPolicy: "ClusterFirst",
    terminationGracePeriodSeconds: 30,
  },
};
const jobs = new RuleTables<Job>("Job", jobStrategy);
const spec = (change: Partial<JobSpec> = {}): JobSpec => ({
  parallelism: 1,
  completions: 1,
  backoffLimit: 6,
  completionMode: "NonIndexed",
  template,
  ...change,
});
const job = (change: Partial<JobSpec> = {}): Job => jobs.created({ metadata, spec: spec(change) });
const indexed = (change: Partial<JobSpec> = {}) => job({ completionMode: "Indexed", completions: 3, ...change });

test("a job's pods are told by its uid", () => {
  const { selector, template: made } = job().spec;
  assert.deepEqual(selector, { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } });
  assert.deepEqual(made.metadata?.labels, {
    "batch.kubernetes.io/controller-uid": "u",
    "batch.kubernetes.io/job-name": "x",
    "controller-uid": "u",
    "job-name": "x",
  });
  assert.equal(job({ manualSelector: true }).spec.selector, undefined);
});

const failure = (rule: Partial<batchV1.PodFailurePolicyRule>): Job =>
  job({ podFailurePolicy: { rules: [{ action: "FailJob", ...rule }] } });
jobs.accepts([
  ["a plain one", job()],
  ["an indexed one", indexed({ backoffLimitPerIndex: 1, maxFailedIndexes: 2 })],
  ["one that fails by exit code", failure({ onExitCodes: { operator: "In", values: [1, 42] } })],
  ["one that succeeds early", indexed({ successPolicy: { rules: [{ succeededIndexes: "0,2", succeededCount: 1 }] } })],
]);
const never = 'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"';
const rule = "spec.podFailurePolicy.rules[0]";
jobs.rejects([
  [
    "pods for ever",
    job({ template: { ...template, spec: wrong({ ...template.spec, restartPolicy: "Always" }) } }),
    [never],
  ],
  [
    "labels of another job",
    job({ template: { ...template, metadata: { labels: { "job-name": "y" } } } }),
    [
      `spec.template.metadata.labels[job-name]: Invalid value: {"batch.kubernetes.io/controller-uid":"u","batch.kubernetes.io/job-name":"x","controller-uid":"u","job-name":"y"}: must be 'x'`,
    ],
  ],
  [
    "rules for failures that say too little",
    failure({ action: wrong(""), onExitCodes: wrong({}) }),
    [
      `${rule}.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]`,
      `${rule}.onExitCodes.operator: Required value: valid values: ["In" "NotIn"]`,
      `${rule}.onExitCodes.values: Invalid value: null: at least one value is required`,
    ],
  ],
  [
    "a long name of who manages it",
    job({ managedBy: `a.b/${"c".repeat(60)}` }),
    ["spec.managedBy: Too long: may not be more than 63 bytes"],
  ],
  [
    "no selector",
    job({ manualSelector: true }),
    [
      "spec.selector: Required value",
      "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`",
    ],
  ],
  [
    "an index without number",
    job({ completionMode: "Indexed", completions: wrong(undefined) }),
    ["spec.completions: Required value: when completion mode is Indexed"],
  ],
  [
    "limits per index without indexes",
    job({ backoffLimitPerIndex: 1 }),
    ["spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"],
  ],
  [
    "a code that is success",
    failure({ onExitCodes: { operator: "In", values: [2, 0, 0] } }),
    [
      `${rule}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator`,
      `${rule}.onExitCodes.values[2]: Invalid value: 0: must not be 0 for the In operator`,
      `${rule}.onExitCodes.values[2]: Duplicate value: 0`,
      `${rule}.onExitCodes.values: Invalid value: [2,0,0]: must be ordered`,
    ],
  ],
  [
    "a rule about nothing",
    failure({}),
    [`${rule}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`],
  ],
  [
    "indexes out of order",
    indexed({ successPolicy: { rules: [{ succeededIndexes: "2,1" }] } }),
    [
      'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "2,1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1',
    ],
  ],
  [
    "a name of nobody's controller",
    job({ managedBy: "a" }),
    ['spec.managedBy: Invalid value: "a": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
]);
jobs.changes([
  ["it may run wider", job({ parallelism: 5 }), job(), []],
  ["completions stay", job({ completions: 2 }), job(), ["spec.completions: Invalid value: 2: field is immutable"]],
  ["indexed jobs grow as a whole", indexed({ completions: 5, parallelism: 5 }), indexed(), []],
  [
    "not by halves",
    indexed({ completions: 5 }),
    indexed(),
    ["spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism"],
  ],
  [
    "where pods go can change before the first one",
    job({ suspend: true, template: { ...template, spec: wrong({ ...template.spec, nodeSelector: { a: "b" } }) } }),
    job({ suspend: true }),
    [],
  ],
]);
const uidLabel = "batch.kubernetes.io/controller-uid";
const nameLabel = "batch.kubernetes.io/job-name";
/** As jobs were made before the labels had prefixes. */
function older(object: Job): Job {
  const { [uidLabel]: _uid, [nameLabel]: _name, ...labels } = object.spec.template.metadata?.labels ?? {};
  const made = { ...object.spec.template, metadata: { labels } };
  return { ...object, spec: { ...object.spec, selector: { matchLabels: { "controller-uid": "u" } }, template: made } };
}
const requests = (cpu: string): PodTemplateSpec => ({
  ...template,
  spec: wrong({
    ...template.spec,
    containers: [{ ...template.spec?.containers[0], resources: { requests: { cpu } } }],
  }),
});
const suspended = (active: number): Job["status"] => ({
  startTime: "1970-01-01T00:00:00Z",
  active,
  conditions: [{ type: "Suspended", status: "True" }],
});
const shownTemplate = internalFormOf("core/v1", "PodTemplateSpec");
const withAccount = (one: Job, account: object): Job => ({
  ...one,
  spec: { ...one.spec, template: { ...one.spec.template, spec: { ...one.spec.template.spec, ...account } } },
});
/** What is said of the template is long, and ends so. */
function refusesTemplate(what: string, now: Job, old: Job): void {
  test(`Job: ${what} is refused`, () => {
    const [error, ...more] = jobStrategy.validateUpdate?.(now, old, wrong({})) ?? [];
    assert.deepEqual([error?.field, error?.detail, more.length], ["spec.template", "field is immutable", 0]);
  });
}
jobs.changes([
  ["a job without prefixed labels stays acceptable", older(job({ parallelism: 2 })), older(job()), []],
  [
    "a template stored without the old name of its service account stays",
    withAccount(job(), { serviceAccountName: "a", serviceAccount: "a" }),
    withAccount(job(), { serviceAccountName: "a" }),
    [],
  ],
  [
    "labels with prefixes stay",
    older(job()),
    job(),
    [
      `spec.template.metadata.labels[${uidLabel}]: Required value: must be 'u'`,
      `spec.template.metadata.labels[${nameLabel}]: Required value: must be 'x'`,
      'spec.selector: Invalid value: {"matchLabels":{"controller-uid":"u"}}: field is immutable',
      `spec.template: Invalid value: ${JSON.stringify(shownTemplate(older(job()).spec.template))}: field is immutable`,
    ],
  ],
  [
    "requests can change before the first pod",
    job({ suspend: true, template: requests("2") }),
    job({ suspend: true, template: requests("1") }),
    [],
  ],
  [
    "and again when the pods of a suspended job are gone",
    job({ suspend: false, template: requests("2") }),
    { ...job({ suspend: true, template: requests("1") }), status: suspended(0) },
    [],
  ],
  [
    "the policies stay",
    indexed({ backoffLimitPerIndex: 2, managedBy: "example.com/b" }),
    indexed({ backoffLimitPerIndex: 1, managedBy: "example.com/a" }),
    [
      "spec.backoffLimitPerIndex: Invalid value: 2: field is immutable",
      'spec.managedBy: Invalid value: "example.com/b": field is immutable',
    ],
  ],
]);
const was = job({ suspend: true, template: requests("1") });
refusesTemplate(
  "a change of requests while pods run",
  job({ template: requests("2") }),
  job({ template: requests("1") }),
);
refusesTemplate("a change of requests while pods still end", job({ template: requests("2") }), {
  ...was,
  status: suspended(1),
});
refusesTemplate(
  "another image, even while suspended",
  job({
    suspend: true,
    template: {
      ...template,
      spec: wrong({ ...template.spec, containers: [{ ...template.spec?.containers[0], image: "j" }] }),
    },
  }),
  job({ suspend: true }),
);
test("who deletes a job without a word about its pods is told that they stay", () => {
  assert.match(
    jobStrategy.warningsOnDelete?.(true)[0] ?? "",
    /^child pods are preserved by default when jobs are deleted;/,
  );
  assert.deepEqual(jobStrategy.warningsOnDelete?.(false), []);
});
const started = { startTime: "1970-01-01T00:00:00Z" };
const condition = (type: string, status = "True") => ({ type, status });
const finished = {
  startTime: "1970-01-01T00:00:00Z",
  completionTime: "1970-01-01T00:00:05Z",
  conditions: [condition("SuccessCriteriaMet"), condition("Complete")],
};
jobs.changes([
  [
    "a policy without rules is another than none",
    job({ podFailurePolicy: wrong({}) }),
    job(),
    ['spec.podFailurePolicy: Invalid value: {"Rules":null}: field is immutable'],
  ],
]);
jobs.changes(
  [
    [
      "a job completes in order",
      { ...job(), status: { ...started, conditions: [condition("Complete")], completionTime: started.startTime } },
      { ...job(), status: started },
      [
        "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
      ],
    ],
    [
      "what is over stays over",
      { ...job(), status: { ...started, failed: 1 } },
      { ...job(), status: { ...started, failed: 2, conditions: [condition("FailureTarget"), condition("Failed")] } },
      [
        "status.conditions: Invalid value: cannot disable the terminal Failed=True condition",
        "status.conditions: Invalid value: cannot disable the terminal FailureTarget=True condition",
        "status.failed: Invalid value: 1: cannot decrease the failed counter",
      ],
    ],
    [
      "what was wrong before stops nobody who leaves it",
      { ...job(), status: { ...started, active: 1, conditions: [condition("Complete")] } },
      { ...job(), status: { ...started, conditions: [condition("Complete")] } },
      ["status.active: Invalid value: 1: active>0 is invalid for finished job"],
    ],
    [
      "times stay, and follow each other",
      { ...job(), status: { ...finished, startTime: "1970-01-01T00:00:02Z", completionTime: "1970-01-01T00:00:01Z" } },
      { ...job(), status: finished },
      [
        'status.completionTime: Invalid value: "1970-01-01T00:00:01Z": must be equal to or after `startTime`',
        'status.completionTime: Invalid value: "1970-01-01T00:00:01Z": field is immutable',
        'status.startTime: Invalid value: "1970-01-01T00:00:02Z": field is immutable for unsuspended job once set',
      ],
    ],
    [
      "who resumes starts again",
      { ...job(), status: { startTime: "1970-01-01T00:00:02Z", conditions: [condition("Suspended", "False")] } },
      { ...job(), status: { ...started, conditions: [condition("Suspended")] } },
      [],
    ],
    [
      "indexed jobs that run at once may shrink",
      { ...indexed({ parallelism: 3 }), status: { succeeded: 1 } },
      { ...indexed({ parallelism: 3 }), status: { succeeded: 2 } },
      [],
    ],
    [
      "no pods of which none are active",
      { ...job(), status: { active: -1 } },
      job(),
      ["status.active: Invalid value: -1: must be greater than or equal to 0"],
    ],
    [
      "an index has one fate",
      { ...indexed({ backoffLimitPerIndex: 1 }), status: { completedIndexes: "0-1", failedIndexes: "1,2" } },
      indexed({ backoffLimitPerIndex: 1 }),
      ['status.failedIndexes: Invalid value: "1,2": failedIndexes and completedIndexes overlap at index: 1'],
    ],
  ],
  "status",
);
jobs.prints(
  [
    [
      "a running job",
      { ...job(), status: { ...started, succeeded: 0 } },
      ["x", "Running", "0/1", "75s", "75s", "c", "i", "batch.kubernetes.io/controller-uid=u"],
    ],
    [
      "a complete job",
      {
        ...job(),
        status: {
          ...started,
          succeeded: 1,
          completionTime: "1970-01-01T00:00:05Z",
          conditions: [condition("Complete")],
        },
      },
      ["x", "Complete", "1/1", "5s", "75s", "c", "i", "batch.kubernetes.io/controller-uid=u"],
    ],
  ],
  75_000,
);

const cronJobs = new RuleTables<CronJob>("CronJob", cronJobStrategy);
const cronJob = (change: Partial<batchV1.CronJobSpec> = {}, name = "x"): CronJob => ({
  metadata: { ...metadata, name },
  spec: { schedule: "*/5 * * * *", concurrencyPolicy: "Allow", jobTemplate: { metadata: {}, spec: spec() }, ...change },
});
cronJobs.accepts([
  ["every five minutes", cronJob()],
  ["a time zone", cronJob({ schedule: "@daily", timeZone: "Europe/Berlin" })],
]);
const schedule = "spec.schedule: Invalid value";
cronJobs.rejects([
  ["no schedule", cronJob({ schedule: "" }), ["spec.schedule: Required value"]],
  [
    "four fields",
    cronJob({ schedule: "* * * *" }),
    [`${schedule}: "* * * *": expected exactly 5 fields, found 4: [* * * *]`],
  ],
  [
    "a zone in the schedule",
    cronJob({ schedule: "TZ=UTC 0 * * * *" }),
    [`${schedule}: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead`],
  ],
  [
    "a zone that is none",
    cronJob({ timeZone: "Europe/Nowhere" }),
    ['spec.timeZone: Invalid value: "Europe/Nowhere": unknown time zone Europe/Nowhere'],
  ],
  [
    "an unknown policy",
    cronJob({ concurrencyPolicy: wrong("Wait") }),
    ['spec.concurrencyPolicy: Unsupported value: "Wait": supported values: "Allow", "Forbid", "Replace"'],
  ],
  [
    "a selector",
    cronJob({ jobTemplate: { metadata: {}, spec: spec({ selector: {} }) } }),
    ["spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated"],
  ],
  [
    "a name too long for its jobs",
    cronJob({}, "x".repeat(53)),
    [`metadata.name: Invalid value: "${"x".repeat(53)}": must be no more than 52 characters`],
  ],
]);
cronJobs.prints([
  [
    "a cron job",
    { ...cronJob({ suspend: true }), status: { lastScheduleTime: "1970-01-01T00:00:00Z", active: [{}] } },
    ["x", "*/5 * * * *", "<none>", "True", 1, "0s", "0s", "c", "i", "<none>"],
  ],
]);
