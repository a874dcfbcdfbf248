import { describe, it } from "node:test";
import { closingTests } from "./closing.ts";
import { concurrencyTests } from "./concurrency.ts";
import type { Engine, OpenedEngine } from "./engine.ts";
import { lifetimeTests } from "./lifetimes.ts";
import { listTests } from "./lists.ts";
import { modelTests } from "./model.ts";
import { transactionTests } from "./transactions.ts";
import { watchTests } from "./watches.ts";

export type { Engine, OpenedEngine } from "./engine.ts";

/** A property of every store, checked with an engine opened for it. */
export interface ConformanceTest {
  readonly name: string;
  readonly limits?: { readonly watchBacklogMax?: number };
  run(opened: OpenedEngine, engine: Engine): Promise<void>;
}

const TEST_TIMEOUT_MS = 300_000;

/** Registers, with node:test, everything that a store must do. */
export function describeStore(engine: Engine): void {
  const groups: Readonly<Record<string, readonly ConformanceTest[]>> = {
    transactions: transactionTests,
    lists: listTests,
    watches: watchTests,
    lifetimes: lifetimeTests,
    closing: closingTests,
    concurrency: concurrencyTests,
    model: modelTests,
  };
  describe(`store conformance: ${engine.name}`, () => {
    for (const [group, tests] of Object.entries(groups)) {
      describe(group, () => {
        for (const test of tests) it(test.name, { timeout: TEST_TIMEOUT_MS }, () => runTest(test, engine));
      });
    }
  });
}

async function runTest(test: ConformanceTest, engine: Engine): Promise<void> {
  const opened = await engine.open(test.limits);
  try {
    await test.run(opened, engine);
  } finally {
    await opened.dispose();
  }
}
