import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "../../base/index.ts";
import { MetricsRegistry } from "../../component/index.ts";
import { AdmissionChain } from "./chain.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./contract.ts";
import { AdmissionMetrics } from "./metrics.ts";

const pods = { group: "", version: "v1", resource: "pods" };
const attributes = { operation: "CREATE", resource: pods, subresource: "" } as unknown as AdmissionAttributes;

test("steps and plug-ins are timed, apart by whether they refuse", async () => {
  const clock = new VirtualClock();
  const registry = new MetricsRegistry();
  let refuses = false;
  const wait = async (ms: number): Promise<void> => {
    const slept = clock.sleep(ms);
    await clock.advance(ms);
    await slept;
  };
  const plugins: AdmissionPlugin[] = [
    { name: "Quick", handles: () => true, admit: () => {} },
    { name: "Slow", handles: () => true, admit: () => wait(50), validate: () => wait(200) },
    { name: "Deaf", handles: () => false, admit: () => assert.fail("not asked") },
    {
      name: "Judge",
      handles: () => true,
      validate() {
        if (refuses) throw new Error("no");
      },
    },
  ];
  const chain = new AdmissionChain(plugins, new AdmissionMetrics(registry, clock));
  await chain.admit(attributes);
  await chain.validate(attributes);
  refuses = true;
  await assert.rejects(chain.validate(attributes), /no/);
  const { body } = registry.render();
  const step = "apiserver_admission_step_admission_duration_seconds";
  const controller = "apiserver_admission_controller_admission_duration_seconds";
  for (const line of [
    `${step}_sum{type="admit",operation="CREATE",rejected="false"} 0.05`,
    `${step}_count{type="validate",operation="CREATE",rejected="false"} 1`,
    `${step}_sum{type="validate",operation="CREATE",rejected="true"} 0.2`,
    `${controller}_sum{name="Quick",type="admit",operation="CREATE",rejected="false"} 0`,
    `${controller}_count{name="Slow",type="validate",operation="CREATE",rejected="false"} 2`,
    `${controller}_count{name="Judge",type="validate",operation="CREATE",rejected="false"} 1`,
    `${controller}_count{name="Judge",type="validate",operation="CREATE",rejected="true"} 1`,
  ]) {
    assert.ok(body.includes(`${line}\n`), line);
  }
  assert.ok(!body.includes("Deaf"));
});
