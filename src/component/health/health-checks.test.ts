import assert from "node:assert/strict";
import { test } from "node:test";
import { HealthChecks, type HealthFailure } from "./health-checks.ts";

function checksWith(failing: boolean) {
  const failures: HealthFailure[] = [];
  const checks = new HealthChecks("readyz", (failure) => failures.push(failure))
    .add("etcd", () => (failing ? Promise.reject(new Error("connection refused")) : undefined))
    .add("poststarthook/rbac", async () => {});
  const ask = async (path: string, query = "") => {
    const answer = await checks.answer(path, new URLSearchParams(query));
    return answer === undefined ? undefined : `${answer.status} ${answer.body}`;
  };
  return { ask, failures, checks };
}

test("healthy: ok, or the list when asked for", async () => {
  const { ask, checks } = checksWith(false);
  assert.equal(await ask("/readyz"), "200 ok");
  assert.equal(await ask("/readyz", "verbose"), "200 [+]etcd ok\n[+]poststarthook/rbac ok\nreadyz check passed\n");
  assert.equal(await ask("/readyz/poststarthook/rbac"), "200 ok");
  assert.equal(await checks.healthy(), true);
});

test("unhealthy: the list without reasons, which go to the log", async () => {
  const { ask, failures, checks } = checksWith(true);
  assert.equal(
    await ask("/readyz"),
    "500 [-]etcd failed: reason withheld\n[+]poststarthook/rbac ok\nreadyz check failed\n",
  );
  assert.deepEqual(failures, [{ endpoint: "readyz", check: "etcd", reason: "connection refused" }]);
  assert.equal(await ask("/readyz/etcd"), "500 internal server error: connection refused\n");
  assert.equal(await checks.healthy(), false);
});

test("checks can be excluded, and unknown names are warned of", async () => {
  const { ask } = checksWith(true);
  assert.equal(await ask("/readyz", "exclude=etcd"), "200 ok");
  assert.equal(
    await ask("/readyz", "verbose=1&exclude=etcd&exclude=nope"),
    "200 [+]etcd excluded: ok\n[+]poststarthook/rbac ok\n" +
      'warn: some health checks cannot be excluded: no matches for "nope"\nreadyz check passed\n',
  );
  assert.match(
    (await ask("/readyz", "verbose&exclude=etcd&exclude=b,c&exclude=a")) ?? "",
    /no matches for "a","b,c"\n/,
    "each in a parameter of its own",
  );
});

test("without checks there is ping, and who watches is told of each check", async () => {
  const told: unknown[] = [];
  const alone = new HealthChecks("livez");
  alone.observedBy((...check) => told.push(check));
  assert.equal(
    (await alone.answer("/livez", new URLSearchParams("verbose")))?.body,
    "[+]ping ok\nlivez check passed\n",
  );
  const { ask, checks } = checksWith(true);
  checks.observedBy((...check) => told.push(check));
  await ask("/readyz/etcd");
  assert.equal(await ask("/readyz/ping"), undefined);
  assert.deepEqual(told, [
    ["ping", "livez", true],
    ["etcd", "readyz", false],
  ]);
});

test("there is nothing at other paths", async () => {
  const { ask } = checksWith(false);
  assert.equal(await ask("/readyz/nope"), undefined);
  assert.equal(await ask("/livez"), undefined);
});
