import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { canOwnNetwork, runGroup } from "./run-group.ts";

const scratch = mkdtempSync(join(tmpdir(), "k8ts-run-group-"));
after(() => rmSync(scratch, { recursive: true }));
let count = 0;

async function run(sources: readonly string[], timeoutMs = 300_000): Promise<readonly string[]> {
  const number = count++;
  const files = sources.map((source, index) => {
    const file = join(scratch, `${number}-${index}.test.ts`);
    writeFileSync(file, `import assert from "node:assert"; import { describe, test } from "node:test";\n${source}`);
    return file;
  });
  const group = {
    name: `run-group-${process.pid}-${number}`,
    files,
    kind: "process" as const,
    timeoutMs,
    sharesNetwork: false,
  };
  const { results } = await runGroup(group, false, new AbortController().signal);
  return results.map(({ outcome, name, error }) => `${outcome} ${name}${error === undefined ? "" : `: ${error}`}`);
}

describe("a group of tests", () => {
  test("tells what passed, failed and was left out", async () => {
    const results = await run([
      'describe("suite", () => { test("good", () => {}); test("bad", () => assert.equal(1, 2)); });',
      'test("later", { skip: "not here" }, () => {});',
    ]);
    assert.equal(results.length, 3);
    assert.equal(results[0], "passed suite › good");
    assert.match(results[1] ?? "", /^failed suite › bad: AssertionError.*1 == 2/s);
    assert.equal(results[2], "skipped later");
  });

  test("fails when a file cannot be loaded, also beside one that can", async () => {
    const results = await run(['test("good", () => {});', 'throw new Error("cannot load");']);
    assert.ok(
      results.some((result) => result.startsWith("failed") && result.includes("cannot load")),
      results.join("\n"),
    );
  });

  test("fails when the process ends before its tests", async () => {
    const results = await run(['test("ends everything", () => process.exit(0));', 'test("never", () => {});']);
    assert.match(results.at(-1) ?? "", /^failed .*(?:ended before its tests did|ran no test)/s);
  });

  test("has a network of its own", { skip: !canOwnNetwork() && "needs root on Linux" }, async () => {
    const source = (port: number) =>
      `import { createServer } from "node:net";
       test("listens", async () => {
         const server = createServer();
         await new Promise((resolve, reject) => server.once("error", reject).listen(${port}, "127.0.0.1", resolve));
         await new Promise((resolve) => server.close(resolve));
       });`;
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const results = await run([source((taken.address() as AddressInfo).port)]);
    await new Promise((resolve) => taken.close(resolve));
    assert.deepEqual(results, ["passed listens"]);
  });

  test("fails when something is left running", async () => {
    const results = await run(['test("leaves a timer", () => { setInterval(() => {}, 1000); });'], 2_000);
    assert.match(results.at(-1) ?? "", /^failed .*something is left running/s);
  });

  test("fails when there is no test", async () => {
    assert.match((await run(["export {};"]))[0] ?? "", /^failed .*holds no test/s);
  });
});
