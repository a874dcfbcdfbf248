import assert from "node:assert/strict";
import { test } from "node:test";
import { withCors } from "./cors.ts";
import type { ApiHandler, ApiRequest, ApiResponse } from "./exchange.ts";

const handler: ApiHandler = () =>
  Promise.resolve({ status: 200, headers: { "content-type": "text/plain" }, body: { type: "none" } });

function ask(asked: ApiHandler, method: string, origin?: string): Promise<ApiResponse> {
  const headers = origin === undefined ? {} : { origin };
  return asked({ method, target: "/version", headers } as unknown as ApiRequest);
}

test("scripts of allowed origins may read answers, and may ask whether they may", async () => {
  assert.equal(withCors(handler, []), handler);
  const cors = withCors(handler, [/\/\/example\.com(:|$)/]);
  const { status, headers } = await ask(cors, "GET", "https://example.com:8443");
  assert.deepEqual(
    [status, headers["content-type"], headers["access-control-allow-origin"], headers["access-control-expose-headers"]],
    [200, "text/plain", "https://example.com:8443", "Date"],
  );
  const before = await ask(cors, "OPTIONS", "https://example.com");
  assert.deepEqual([before.status, before.headers["access-control-allow-credentials"]], [204, "true"]);
  for (const origin of [undefined, "https://example.com.evil", "https://other"]) {
    const other = await ask(cors, "OPTIONS", origin);
    assert.deepEqual([other.status, other.headers], [200, { "content-type": "text/plain" }]);
  }
});
