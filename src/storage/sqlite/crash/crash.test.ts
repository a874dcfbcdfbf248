import assert from "node:assert/strict";
import { it } from "node:test";
import { RealClock, RealProcesses, SeededRandom } from "../../../base/index.ts";
import { temporaryDirectory } from "../test-directory.ts";
import { runCrashRounds } from "./rounds.ts";

it("loses no acknowledged write and invents none when its process is killed, 20 times", async () => {
  const directory = await temporaryDirectory();
  try {
    const { acknowledged } = await runCrashRounds({
      path: directory.file("state.db"),
      rounds: 20,
      clock: new RealClock(),
      random: new SeededRandom(1),
      processes: new RealProcesses(),
      writesMin: 100,
    });
    assert.ok(acknowledged >= 2000, `only ${acknowledged} writes were acknowledged`);
  } finally {
    await directory.remove();
  }
});
