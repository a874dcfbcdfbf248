import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createRealPlatform, until } from "../../base/index.ts";
import { pauseProgram } from "./pause.ts";

const { clock, processes } = createRealPlatform();
const directory = mkdtempSync(join(tmpdir(), "pause-"));
const program = join(directory, "pause");
after(() => rmSync(directory, { recursive: true }));

test("both programs are static ELF files for their machine", () => {
  for (const [architecture, machine] of [
    ["amd64", 62],
    ["arm64", 183],
  ] as const) {
    const file = Buffer.from(pauseProgram(architecture));
    assert.equal(file.subarray(0, 4).toString("latin1"), "\x7fELF");
    assert.equal(file.readUInt16LE(18), machine);
    assert.ok(file.length < 512);
  }
});

test("as PID 1 it adopts and reaps orphans and ends on SIGTERM", {
  skip: process.arch !== "x64" && process.arch !== "arm64",
}, async () => {
  writeFileSync(program, pauseProgram(process.arch === "x64" ? "amd64" : "arm64"), { mode: 0o755 });
  const outer = processes.spawn("unshare", ["--pid", "--fork", "--kill-child", program]);
  const pid = await until(clock, "pause runs", () => children(outer.pid).find((child) => commandOf(child) === "pause"));
  const namespace = `--pid=/proc/${pid}/ns/pid`;
  await processes.run("nsenter", [namespace, "sh", "-c", "(sleep 0.1 &) ; (sleep 0.1 &) ; exit 0"]);
  await until(clock, "orphans are reaped", () => children(pid).length === 0);
  processes.kill(pid, "SIGTERM");
  assert.deepEqual(await outer.exited, { code: 0, signal: undefined });
});

function children(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
}
