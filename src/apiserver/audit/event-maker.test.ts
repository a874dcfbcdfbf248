import assert from "node:assert/strict";
import { test } from "node:test";
import { RealClock } from "../../base/index.ts";
import type { ApiRequest } from "../http/exchange.ts";
import { LiveContext } from "../request/context.ts";
import { parseRequestInfo } from "../request/info.ts";
import { Query } from "../request/query.ts";
import type { AuditEvent } from "./contract.ts";
import { EventMaker } from "./event-maker.ts";

class LateClock extends RealClock {
  lateMs = 0;

  override now(): number {
    return 1_700_000_000_000 + this.lateMs;
  }
}

/** The annotations of each event of a request that took so long. */
function annotated(tookMs: number, query = ""): readonly AuditEvent["annotations"][] {
  const clock = new LateClock();
  const events: AuditEvent[] = [];
  const path = "/api/v1/namespaces/default/pods";
  const request = { method: "GET", target: path, headers: {}, peer: { remoteAddress: "", clientCertificates: [] } };
  const info = parseRequestInfo("GET", path, new Query(query));
  const context = new LiveContext(request as unknown as ApiRequest, info, { name: "u", groups: [] }, clock.now(), "id");
  const record = (event: AuditEvent): undefined => void events.push(event);
  const maker = new EventMaker({
    decision: { level: "Metadata", omitStages: new Set(), omitManagedFields: false },
    context,
    target: path,
    sent: () => undefined,
    clock,
    backends: [{ name: "test", record, run: () => Promise.resolve() }],
    onEvent: () => {},
    onRejected: () => {},
  });
  void maker.arrived();
  context.took("authorization", 20);
  context.exclude(100, "mutating-webhook");
  context.exclude(200, "mutating-webhook");
  context.exclude(150, "validating-webhook");
  context.exclude(140, "validating-webhook");
  clock.lateMs = tookMs;
  void maker.emit("ResponseComplete", { status: { metadata: {}, code: 200 }, object: undefined });
  return events.map(({ annotations }) => annotations);
}

test("the end of a slow request says where its time went", () => {
  const latency = "apiserver.latency.k8s.io";
  assert.deepEqual(annotated(1_500), [
    undefined,
    {
      [`${latency}/authorization`]: "20ms",
      [`${latency}/mutating-webhook`]: "300ms",
      [`${latency}/validating-webhook`]: "150ms",
      [`${latency}/total`]: "1.5s",
    },
  ]);
  assert.deepEqual(annotated(500), [undefined, undefined]);
  assert.deepEqual(annotated(1_500, "watch=1"), [undefined, undefined]);
});
