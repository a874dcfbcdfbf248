import assert from "node:assert/strict";
import { test } from "node:test";
import { whenAborted } from "./abort.ts";
import { createScope } from "./create-scope.ts";

test("resources are released in reverse, after the work that uses them has ended", async () => {
  const order: string[] = [];
  const scope = createScope();
  scope.own("first", (name) => void order.push(name));
  scope.own("second", async (name) => void order.push(name));
  scope.start("work", async (signal) => {
    await whenAborted(signal);
    await Promise.resolve();
    order.push("work");
  });
  const closing = scope.close();
  assert.equal(scope.signal.aborted, true);
  assert.equal(scope.close(), closing);
  await closing;
  assert.deepEqual(order, ["work", "second", "first"]);
  await scope.failed;
});

test("every failure is reported once, and every resource is released", async () => {
  const scope = createScope();
  let released = false;
  scope.own(1, () => {
    released = true;
  });
  scope.own(2, () => {
    throw new Error("stuck");
  });
  scope.own(3, () => Promise.reject(new Error("lost")));
  await assert.rejects(scope.close(), (error) => error instanceof AggregateError && error.message === "lost; stuck");
  assert.equal(released, true);
});

test("failed work closes the scope; being stopped is not a failure", async () => {
  const scope = createScope();
  let stopped = false;
  scope.start("other", async (signal) => {
    await whenAborted(signal);
    stopped = true;
    throw signal.reason;
  });
  scope.start("watcher", async () => {
    throw new Error("gone");
  });
  await assert.rejects(scope.failed, /watcher: gone/);
  await assert.rejects(scope.close(), (error) => error instanceof AggregateError && error.errors.length === 1);
  assert.equal(stopped, true);
});

test("a resource entered late is released at once", async () => {
  const scope = createScope();
  await scope.close();
  let released = false;
  scope.own(1, () => {
    released = true;
  });
  assert.equal(released, true);
});

test("a scope closes with its parent", async () => {
  const controller = new AbortController();
  const scope = createScope(controller.signal);
  const released = Promise.withResolvers<void>();
  scope.own(1, () => released.resolve());
  controller.abort();
  await released.promise;
  await createScope(controller.signal).failed;
});
