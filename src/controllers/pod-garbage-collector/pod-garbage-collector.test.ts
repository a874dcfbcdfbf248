import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/index.ts";
import { withControllers } from "../fixture.ts";
import { podGarbageCollectorController } from "./pod-garbage-collector-controller.ts";

function pod(name: string, more: Partial<Pod["spec"]>, status: Pod["status"] = {}): Pod {
  return { metadata: { name, namespace: "default" }, spec: { containers: [], ...more }, status };
}

test("pods of lost nodes go after a while, and only the newest ended ones are kept", async () => {
  const config = { terminatedPodGcThreshold: 2 };
  await withControllers(
    [podGarbageCollectorController],
    async (fixture) => {
      await fixture.put("nodes", { metadata: { name: "here" }, spec: {} });
      await fixture.put("pods", pod("stays", { nodeName: "here" }), pod("lost", { nodeName: "gone" }));
      for (let index = 0; index < 4; index += 1) {
        const creationTimestamp = `2025-01-0${index + 1}T00:00:00Z`;
        const ended = pod(`ended-${index}`, { nodeName: "here" }, { phase: "Succeeded" });
        await fixture.put("pods", { ...ended, metadata: { ...ended.metadata, creationTimestamp } });
      }
      const names = (): string =>
        fixture
          .all("pods")
          .map(({ metadata }) => metadata.name)
          .join(" ");
      await fixture.advance(25_000);
      assert.equal(names(), "stays lost ended-2 ended-3");
      await fixture.advance(60_000);
      assert.equal(names(), "stays ended-2 ended-3");
    },
    { config },
  );
});
