import assert from "node:assert/strict";
import { test } from "node:test";
import type { CronJob } from "../../api/index.ts";
import { type Fixture, withControllers } from "../fixture.ts";
import { cronJobController } from "./cronjob-controller.ts";
import { parseSchedule, ScheduleError } from "./schedule.ts";

const at = (text: string): number => Date.parse(text);
const show = (ms: number | undefined): string => (ms === undefined ? "never" : new Date(ms).toISOString().slice(0, 16));

test("schedules: the next time", () => {
  const cases: readonly [schedule: string, after: string, next: string][] = [
    ["*/15 * * * *", "2026-07-09T14:45:00Z", "2026-07-09T15:00"],
    ["0 0 * * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00"],
    ["20-35/15 * * * *", "2026-07-09T14:36:00Z", "2026-07-09T15:20"],
    ["0 0 29 2 *", "2025-03-01T00:00:00Z", "2028-02-29T00:00"],
    ["0 0 31 2 *", "2025-03-01T00:00:00Z", "never"],
    ["0 12 1 * MON", "2026-07-02T00:00:00Z", "2026-07-06T12:00"],
    ["0 12 * * mon-wed", "2026-07-09T00:00:00Z", "2026-07-13T12:00"],
    ["5/20 9 * jan *", "2026-07-09T00:00:00Z", "2027-01-01T09:05"],
    ["@weekly", "2026-07-09T00:00:00Z", "2026-07-12T00:00"],
    ["@every 1h30m", "2026-07-09T00:00:10Z", "2026-07-09T01:30"],
    ["TZ=Asia/Tokyo 0 9 * * *", "2026-07-09T00:00:00Z", "2026-07-10T00:00"],
    // New York: clocks go forward at 2:00 on March 8 and back at 2:00 on November 1.
    ["TZ=America/New_York 30 2 * * *", "2026-03-08T00:00:00Z", "2026-03-09T06:30"],
    ["TZ=America/New_York 30 1 * * *", "2026-11-01T05:30:00Z", "2026-11-01T06:30"],
    ["TZ=America/New_York 0 0 * * *", "2026-03-08T05:00:00Z", "2026-03-09T04:00"],
  ];
  for (const [schedule, after, next] of cases)
    assert.equal(show(parseSchedule(schedule).next(at(after))), next, schedule);
});

test("schedules: what is wrong with them", () => {
  for (const text of [
    "",
    "* * * *",
    "60 * * * *",
    "* * * * 7",
    "5-1 * * * *",
    "*/0 * * * *",
    "@never",
    "@every soon",
    "TZ=Mars/Base * * * * *",
    "x * * * *",
  ]) {
    assert.throws(() => parseSchedule(text), ScheduleError, text);
  }
});

function cron(spec: Partial<CronJob["spec"]> = {}): CronJob {
  const template = { metadata: {}, spec: { restartPolicy: "Never" as const, containers: [{ name: "a", image: "a" }] } };
  return {
    metadata: { name: "tick", namespace: "default" },
    spec: { schedule: "*/5 * * * *", jobTemplate: { metadata: {}, spec: { template } }, ...spec },
  };
}

const names = (fixture: Fixture): string[] => fixture.all("jobs").map(({ metadata }) => metadata.name ?? "");
const minute = at("2026-01-01T00:00:00Z") / 60_000;

function finish(fixture: Fixture, name: string, type: "Complete" | "Failed"): void {
  fixture.force("jobs", `default/${name}`, (job) => {
    const time = "2026-01-01T00:00:30Z";
    job.status = {
      startTime: time,
      completionTime: time,
      conditions: [{ type, status: "True", lastTransitionTime: time }],
    };
  });
}

test("a job at every due time, named by its minute, and a history that stays short", async () => {
  await withControllers([cronJobController], async (fixture) => {
    await fixture.put("cronjobs", cron({ successfulJobsHistoryLimit: 1 }));
    await fixture.advance(299_000);
    assert.deepEqual(names(fixture), []);
    await fixture.advance(2_000);
    assert.deepEqual(names(fixture), [`tick-${minute + 5}`]);
    assert.match(fixture.registry.render().body, /\ncronjob_controller_job_creation_skew_duration_seconds_count 1\n/);
    const status = fixture.get("cronjobs", "default/tick")?.status;
    assert.equal(status?.lastScheduleTime, "2026-01-01T00:05:00Z");
    assert.equal(status?.active?.length, 1);
    assert.equal(
      fixture.all("jobs")[0]?.metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"],
      "2026-01-01T00:05:00Z",
    );
    finish(fixture, `tick-${minute + 5}`, "Complete");
    await fixture.advance(300_000);
    finish(fixture, `tick-${minute + 10}`, "Complete");
    await fixture.advance(1_000);
    assert.deepEqual(names(fixture), [`tick-${minute + 10}`]);
    assert.equal(fixture.get("cronjobs", "default/tick")?.status?.active?.length ?? 0, 0);
    assert.equal(fixture.events("tick")[0], `Normal SuccessfulCreate: Created job tick-${minute + 5}`);
    assert.ok(
      fixture
        .events("tick")
        .includes(`Normal SawCompletedJob: Saw completed job: tick-${minute + 5}, condition: Complete`),
    );
  });
});

test("Forbid waits, Replace replaces, suspend stops", async () => {
  await withControllers([cronJobController], async (fixture) => {
    await fixture.put("cronjobs", cron({ concurrencyPolicy: "Forbid" }));
    await fixture.advance(601_000);
    assert.deepEqual(names(fixture), [`tick-${minute + 5}`]);
    assert.ok(fixture.events("tick").some((event) => event.startsWith("Normal JobAlreadyActive")));
    await fixture.change("cronjobs", "default/tick", (changed) => {
      changed.spec.concurrencyPolicy = "Replace";
    });
    await fixture.advance(1_000);
    assert.deepEqual(names(fixture), [`tick-${minute + 10}`]);
    await fixture.change("cronjobs", "default/tick", (changed) => {
      changed.spec.suspend = true;
    });
    await fixture.advance(3_600_000);
    assert.deepEqual(names(fixture), [`tick-${minute + 10}`]);
  });
});

test("after a long absence only the last due time counts, within its deadline", async () => {
  await withControllers([cronJobController], async (fixture) => {
    await fixture.put("cronjobs", {
      ...cron({ schedule: "* * * * *" }),
      metadata: { name: "tick", namespace: "default", creationTimestamp: "2025-12-01T00:00:00Z" },
    });
    await fixture.put("cronjobs", {
      ...cron({ schedule: "30 * * * *", startingDeadlineSeconds: 60 }),
      metadata: { name: "late", namespace: "default", creationTimestamp: "2025-12-01T00:00:00Z" },
    });
    await fixture.settle();
    assert.deepEqual(names(fixture), [`tick-${minute}`]);
    assert.ok(fixture.events("tick").some((event) => event.startsWith("Warning TooManyMissedTimes")));
  });
});

test("a job that somebody made from the template does not count as active", async () => {
  await withControllers([cronJobController], async (fixture) => {
    await fixture.put("cronjobs", cron({ concurrencyPolicy: "Forbid" }));
    const { uid = "" } = fixture.get("cronjobs", "default/tick")?.metadata ?? {};
    const ownerReferences = [{ apiVersion: "batch/v1", kind: "CronJob", name: "tick", uid, controller: true }];
    const { spec } = cron().spec.jobTemplate;
    await fixture.put("jobs", { metadata: { name: "by-hand", namespace: "default", ownerReferences }, spec });
    await fixture.advance(1_000);
    assert.deepEqual(fixture.get("cronjobs", "default/tick")?.status?.active ?? [], []);
    assert.deepEqual(fixture.events("tick"), [
      "Warning UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand",
    ]);
    await fixture.advance(300_000);
    assert.deepEqual(names(fixture), ["by-hand", `tick-${minute + 5}`]);
  });
});
