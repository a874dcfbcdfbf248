import assert from "node:assert/strict";
import { test } from "node:test";
import { contextOf } from "../../testing/index.ts";
import { parseUp } from "./options.ts";
import { up } from "./up.ts";

const { context } = contextOf(new AbortController().signal);

test("up --help shows the cluster's flags and those of the API server, and makes nothing", async () => {
  assert.equal(await up(["--name", "lab", "--help"], context), 0);
  const help = String((context.stdout as unknown as { read(): unknown }).read());
  for (const flag of ["name", "nodes", "data-dir", "foreground", "audit-policy-file", "authorization-config"])
    assert.match(help, new RegExp(`^ +--${flag}\\b`, "m"));
});

test("up takes what its help shows, and only that", () => {
  const { name, nodes, foreground } = parseUp(["--name=lab", "--nodes", "3", "--foreground"], context);
  assert.deepEqual([name, nodes, foreground], ["lab", 3, true]);
  const gate = "--feature-gates=ContainerStopSignals=true";
  assert.deepEqual(parseUp([gate], context).apiserverFlags, [gate]);
  assert.throws(() => parseUp(["--feature-gates=SidecarContainers=false"], context), {
    message: "cannot set feature gate SidecarContainers to false, feature is locked to true",
  });
  assert.throws(() => parseUp(["--nope"], context), /^Error: Unknown option '--nope'; the flags are --name, --nodes, /);
});
