import assert from "node:assert/strict";
import { test } from "node:test";
import { withControllers } from "../fixture.ts";
import { ttlAfterFinishedController } from "./ttl-after-finished-controller.ts";

test("a finished job goes when its time is over, also when that was set later", async () => {
  await withControllers([ttlAfterFinishedController], async (fixture) => {
    const template = { metadata: {}, spec: { containers: [] } };
    const conditions = [{ type: "Complete", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" }];
    for (const [name, ttlSecondsAfterFinished] of [
      ["soon", 10],
      ["never", undefined],
    ] as const) {
      await fixture.put("jobs", {
        metadata: { name, namespace: "default" },
        spec: { template, ttlSecondsAfterFinished },
        status: { conditions },
      });
    }
    await fixture.put("jobs", {
      metadata: { name: "runs", namespace: "default" },
      spec: { template, ttlSecondsAfterFinished: 0 },
    });
    const left = (): string =>
      fixture
        .all("jobs")
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name)
        .join(" ");
    await fixture.advance(9_000);
    assert.equal(left(), "soon never runs");
    await fixture.advance(2_000);
    assert.equal(left(), "never runs");
    await fixture.change("jobs", "default/never", (job) => {
      job.spec.ttlSecondsAfterFinished = 5;
    });
    await fixture.settle();
    assert.equal(left(), "runs");
    const { body } = fixture.registry.render();
    assert.match(body, /^ttl_after_finished_controller_job_deletion_duration_seconds_sum 6$/m);
    assert.match(body, /^ttl_after_finished_controller_job_deletion_duration_seconds_count 2$/m);
  });
});
