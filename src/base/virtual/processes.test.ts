import assert from "node:assert/strict";
import { test } from "node:test";
import { isPlatformError } from "../errors.ts";
import { ScriptedProcesses } from "./processes.ts";

test("commands are answered by their scripts and noted", async () => {
  const processes = new ScriptedProcesses().on("ip", ({ args }) => ({ stdout: args.join(" "), code: 2 }));
  assert.deepEqual(await processes.run("ip", ["link", "show"]), {
    code: 2,
    signal: undefined,
    stdout: "link show",
    stderr: "",
  });
  await processes.run("ip", [], { stdin: "batch" });
  assert.equal(processes.invocations[1]?.stdin, "batch");
  await assert.rejects(processes.run("nft", []), (error) => isPlatformError(error, "ENOENT"));
});

test("spawned processes live until killed or told to end", async () => {
  const processes = new ScriptedProcesses().on("containerd", {});
  const first = processes.spawn("containerd", []);
  assert.equal(processes.alive(first.pid), true);
  processes.kill(first.pid, "SIGKILL");
  assert.deepEqual(await first.exited, { code: undefined, signal: "SIGKILL" });
  const second = processes.spawn("containerd", []);
  processes.exit(second.pid, { code: 1 });
  assert.deepEqual(await second.exited, { code: 1, signal: undefined });
  assert.equal(processes.alive(second.pid), false);
  await assert.rejects(processes.spawn("runc", []).exited, (error) => isPlatformError(error, "ENOENT"));
});
