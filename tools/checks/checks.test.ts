import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { repositoryRoot } from "../repository.ts";

/** Tools that look at the whole repository and are silent when all is well. */
const checks: Readonly<Record<string, readonly string[]>> = {
  "the format (fix it with ./k8ts tool format)": ["biome", "format"],
  "the types": ["tsc", "-p", "tsconfig.json", "--pretty", "false"],
  "the types, room by room": ["tsc", "--build", "tsconfig.rooms.json", "--pretty", "false"],
  "the lint rules": ["oxlint", "--type-aware", "--format", "unix", "src", "bin", "tools", "test", "bench"],
};

describe("checks", () => {
  for (const [name, [command = "", ...args]] of Object.entries(checks)) {
    test(name, async () => {
      const { code, output } = await run(command, args);
      assert.equal(code, 0, `${command} ${args.join(" ")}\n${output}`);
    });
  }
});

function run(command: string, args: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const options = { cwd: repositoryRoot, maxBuffer: 2 ** 26, timeout: 540_000 };
    execFile(join(repositoryRoot, "node_modules/.bin", command), args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}
