import assert from "node:assert/strict";
import { test } from "node:test";
import type { Job, Pod } from "../../api/index.ts";
import { formatTime } from "../../apimachinery/index.ts";
import { type Fixture, makeReady, withControllers } from "../fixture.ts";
import { IndexSet } from "./indexes.ts";
import { jobController } from "./job-controller.ts";

function job(spec: Partial<Job["spec"]> = {}): Job {
  const labels = { job: "work" };
  return {
    metadata: { name: "work", namespace: "default" },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { restartPolicy: "Never", containers: [{ name: "work", image: "work" }] },
      },
      ...spec,
    },
  };
}

function running(fixture: Fixture): readonly Pod[] {
  return fixture.all("pods").filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
}

async function end(
  fixture: Fixture,
  pods: readonly Pod[],
  phase: "Succeeded" | "Failed",
  exitCode = phase === "Failed" ? 1 : 0,
): Promise<void> {
  for (const { metadata } of pods) {
    fixture.force("pods", `default/${metadata.name}`, (pod) => {
      const finishedAt = formatTime(fixture.clock.now());
      const state = { terminated: { exitCode, finishedAt } };
      const status = { name: "work", image: "work", imageID: "", ready: false, restartCount: 0, state };
      pod.status = { ...pod.status, phase, conditions: [], containerStatuses: [status] };
    });
  }
  await fixture.settle();
}

function counts(fixture: Fixture): unknown {
  const { active = 0, succeeded = 0, failed = 0 } = fixture.get("jobs", "default/work")?.status ?? {};
  return { active, succeeded, failed };
}

function conditions(fixture: Fixture): string[] {
  return (fixture.get("jobs", "default/work")?.status?.conditions ?? []).map(
    ({ type, status, reason }) => `${type}=${status} ${reason}`,
  );
}

/** The job controller's series in order, without its histogram. */
function series({ registry }: Fixture, ...names: readonly string[]): readonly string[] {
  const wanted = names.map((name) => `job_controller_${name}{`);
  return registry
    .render()
    .body.split("\n")
    .filter((line) => wanted.some((start) => line.startsWith(start)))
    .map((line) => line.replace(/^job_controller_/, ""));
}

test("index sets are written as upstream writes them", () => {
  assert.equal(new IndexSet([7, 1, 3, 4, 5, 9, 10]).toString(), "1,3-5,7,9,10");
  assert.equal(IndexSet.parse("1,3-5,junk,9-20", 11).toString(), "1,3-5,9,10");
});

test("a job runs to its completions, counts each pod once, and releases them all", async () => {
  await withControllers([jobController], async (fixture) => {
    await fixture.put("jobs", job({ parallelism: 2, completions: 3 }));
    await fixture.settle();
    assert.deepEqual(counts(fixture), { active: 2, succeeded: 0, failed: 0 });
    assert.deepEqual(fixture.all("pods")[0]?.metadata.finalizers, ["batch.kubernetes.io/job-tracking"]);
    for (const pod of fixture.all("pods")) makeReady(fixture, pod);
    await fixture.settle();
    assert.equal(fixture.get("jobs", "default/work")?.status?.ready, 2);
    await end(fixture, running(fixture).slice(0, 1), "Succeeded");
    assert.deepEqual(counts(fixture), { active: 2, succeeded: 1, failed: 0 });
    await end(fixture, running(fixture), "Succeeded");
    assert.deepEqual(counts(fixture), { active: 0, succeeded: 3, failed: 0 });
    assert.deepEqual(conditions(fixture), [
      "SuccessCriteriaMet=True CompletionsReached",
      "Complete=True CompletionsReached",
    ]);
    assert.deepEqual(
      fixture.all("pods").flatMap(({ metadata }) => metadata.finalizers ?? []),
      [],
    );
    const status = fixture.get("jobs", "default/work")?.status;
    assert.ok(status?.completionTime);
    assert.deepEqual(status?.uncountedTerminatedPods, {});
    assert.equal(
      fixture.events("work").filter((event) => event.startsWith("Normal SuccessfulCreate: Created pod: work-")).length,
      3,
    );
    assert.equal(fixture.events("work").at(-1), "Normal Completed: Job completed");
    assert.deepEqual(series(fixture, "job_pods_finished_total", "jobs_finished_total", "job_pods_creation_total"), [
      'job_pods_creation_total{reason="new",status="succeeded"} 3',
      'job_pods_finished_total{completion_mode="NonIndexed",result="succeeded"} 3',
      'job_pods_finished_total{completion_mode="NonIndexed",result="failed"} 0',
      'jobs_finished_total{completion_mode="NonIndexed",result="succeeded",reason="CompletionsReached"} 1',
    ]);
    assert.deepEqual(series(fixture, "terminated_pods_tracking_finalizer_total"), [
      'terminated_pods_tracking_finalizer_total{event="add"} 3',
      'terminated_pods_tracking_finalizer_total{event="delete"} 3',
    ]);
    const created = series(fixture, "job_syncs_total").filter((line) => line.includes('action="pods_created"'));
    assert.deepEqual(created, [
      'job_syncs_total{completion_mode="NonIndexed",result="success",action="pods_created"} 2',
    ]);
  });
});

test("failures wait longer and longer, and the limit ends the job", async () => {
  await withControllers([jobController], async (fixture) => {
    await fixture.put("jobs", job({ backoffLimit: 2 }));
    await fixture.settle();
    await end(fixture, running(fixture), "Failed");
    await fixture.advance(8_000);
    assert.equal(running(fixture).length, 0);
    await fixture.advance(3_000);
    assert.equal(running(fixture).length, 1);
    await end(fixture, running(fixture), "Failed");
    await fixture.advance(18_000);
    assert.equal(running(fixture).length, 0);
    await fixture.advance(3_000);
    await end(fixture, running(fixture), "Failed");
    assert.deepEqual(counts(fixture), { active: 0, succeeded: 0, failed: 3 });
    assert.deepEqual(conditions(fixture), [
      "FailureTarget=True BackoffLimitExceeded",
      "Failed=True BackoffLimitExceeded",
    ]);
    assert.equal(
      fixture.events("work").at(-1),
      "Warning BackoffLimitExceeded: Job has reached the specified backoff limit",
    );
    assert.ok(
      series(fixture, "job_pods_creation_total").includes(
        'job_pods_creation_total{reason="recreate_terminating_or_failed",status="succeeded"} 2',
      ),
    );
    assert.deepEqual(series(fixture, "jobs_finished_total"), [
      'jobs_finished_total{completion_mode="NonIndexed",result="failed",reason="BackoffLimitExceeded"} 1',
    ]);
  });
});

test("an indexed job makes one pod of each index, and makes a failed one again", async () => {
  await withControllers([jobController], async (fixture) => {
    await fixture.put("jobs", job({ parallelism: 3, completions: 3, completionMode: "Indexed" }));
    await fixture.settle();
    const index = (pod: Pod): string => pod.metadata.annotations?.["batch.kubernetes.io/job-completion-index"] ?? "";
    assert.deepEqual(fixture.all("pods").map(index).sort(), ["0", "1", "2"]);
    const [first] = fixture.all("pods");
    assert.match(first?.metadata.name ?? "", /^work-0-.{5}$/);
    assert.equal(first?.spec.hostname, "work-0");
    assert.equal(first?.spec.containers[0]?.env?.[0]?.name, "JOB_COMPLETION_INDEX");
    await end(
      fixture,
      fixture.all("pods").filter((pod) => index(pod) !== "1"),
      "Succeeded",
    );
    assert.equal(fixture.get("jobs", "default/work")?.status?.completedIndexes, "0,2");
    await end(fixture, running(fixture), "Failed");
    await fixture.advance(11_000);
    assert.deepEqual(running(fixture).map(index), ["1"]);
    await end(fixture, running(fixture), "Succeeded");
    assert.equal(fixture.get("jobs", "default/work")?.status?.completedIndexes, "0-2");
    assert.deepEqual(counts(fixture), { active: 0, succeeded: 3, failed: 1 });
  });
});

test("a limit per index fails the index, not the others", async () => {
  await withControllers([jobController], async (fixture) => {
    const spec = {
      parallelism: 2,
      completions: 2,
      completionMode: "Indexed" as const,
      backoffLimit: undefined,
      backoffLimitPerIndex: 1,
    };
    await fixture.put("jobs", job(spec));
    await fixture.settle();
    for (let round = 0; round < 2; round += 1) {
      await end(
        fixture,
        running(fixture).filter(({ spec: { hostname } }) => hostname === "work-0"),
        "Failed",
      );
      await fixture.advance(30_000);
    }
    assert.equal(fixture.get("jobs", "default/work")?.status?.failedIndexes, "0");
    await end(fixture, running(fixture), "Succeeded");
    assert.deepEqual(counts(fixture), { active: 0, succeeded: 1, failed: 2 });
    assert.equal(conditions(fixture).at(-1), "Failed=True FailedIndexes");
    assert.deepEqual(series(fixture, "job_finished_indexes_total"), [
      'job_finished_indexes_total{status="succeeded",backoffLimit="perIndex"} 1',
      'job_finished_indexes_total{status="failed",backoffLimit="perIndex"} 1',
    ]);
  });
});

test("a pod failure policy ignores what it should, and ends the job at once", async () => {
  await withControllers([jobController], async (fixture) => {
    const rules = [
      { action: "Ignore" as const, onExitCodes: { operator: "In" as const, values: [7] } },
      { action: "FailJob" as const, onExitCodes: { operator: "In" as const, values: [42] } },
    ];
    await fixture.put("jobs", job({ parallelism: 2, completions: 2, backoffLimit: 0, podFailurePolicy: { rules } }));
    await fixture.settle();
    await end(fixture, running(fixture).slice(0, 1), "Failed", 7);
    await fixture.settle();
    assert.deepEqual(counts(fixture), { active: 2, succeeded: 0, failed: 0 });
    const victim = running(fixture)[0];
    await end(fixture, running(fixture).slice(0, 1), "Failed", 42);
    await fixture.settle();
    const condition = fixture.get("jobs", "default/work")?.status?.conditions?.at(-1);
    assert.deepEqual(
      [condition?.type, condition?.reason, condition?.message],
      [
        "Failed",
        "PodFailurePolicy",
        `Container work for pod default/${victim?.metadata.name} failed with exit code 42 matching FailJob rule at index 1`,
      ],
    );
    assert.equal(running(fixture).length, 0);
    assert.deepEqual(series(fixture, "pod_failures_handled_by_failure_policy_total"), [
      'pod_failures_handled_by_failure_policy_total{action="Ignore"} 1',
      'pod_failures_handled_by_failure_policy_total{action="FailJob"} 1',
    ]);
  });
});

test("suspend removes the pods, resume brings them back; a deadline ends the job", async () => {
  await withControllers([jobController], async (fixture) => {
    await fixture.put("jobs", job({ activeDeadlineSeconds: 100 }));
    await fixture.settle();
    const suspend = (value: boolean): Promise<void> =>
      fixture.change("jobs", "default/work", (changed) => {
        changed.spec.suspend = value;
      });
    await suspend(true);
    await fixture.advance(200_000);
    assert.equal(running(fixture).length, 0);
    assert.deepEqual(conditions(fixture), ["Suspended=True JobSuspended"]);
    assert.equal(fixture.get("jobs", "default/work")?.status?.startTime, undefined);
    await suspend(false);
    await fixture.advance(99_000);
    assert.equal(running(fixture).length, 1);
    await fixture.advance(2_000);
    assert.equal(conditions(fixture).at(-1), "Failed=True DeadlineExceeded");
    assert.equal(running(fixture).length, 0);
  });
});

test("pods of a job that is gone lose their finalizer", async () => {
  await withControllers([jobController], async (fixture) => {
    await fixture.put("jobs", job());
    await fixture.settle();
    await fixture.remove("jobs", "default/work");
    await fixture.settle();
    assert.deepEqual(
      fixture.all("pods").flatMap(({ metadata }) => metadata.finalizers ?? []),
      [],
    );
  });
});
