import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryDisk, VirtualClock } from "../../base/index.ts";
import { FlagError, parseFlags } from "../../component/index.ts";
import { isEnabled } from "../controller-manager.ts";
import { controllers } from "../registry.ts";
import { controllerManagerFlags } from "./flags.ts";
import { checkControllers, controllerConfig } from "./settings.ts";

async function configOf(...args: readonly string[]): ReturnType<typeof controllerConfig> {
  const disk = new MemoryDisk(new VirtualClock());
  await disk.makeDirectory("/pki");
  for (const name of ["ca.crt", "ca.key", "sa.key"]) await disk.write(`/pki/${name}`, name);
  return controllerConfig(disk, parseFlags(controllerManagerFlags, args).values);
}

test("upstream's flags become the controllers' configuration", async () => {
  const config = await configOf(
    "--allocate-node-cidrs",
    "--cluster-cidr=10.244.0.0/16,fd00::/48",
    "--node-cidr-mask-size-ipv4=26",
    "--root-ca-file=/pki/ca.crt",
    "--cluster-signing-cert-file=/pki/ca.crt",
    "--cluster-signing-key-file=/pki/ca.key",
    "--node-monitor-grace-period=40s",
    "--service-account-private-key-file=/pki/sa.key",
  );
  assert.equal(config.rootCa, "ca.crt");
  assert.deepEqual(config.signing, { certificate: "ca.crt", key: "ca.key" });
  assert.deepEqual(config.clusterCidrs, ["10.244.0.0/16", "fd00::/48"]);
  assert.deepEqual([config.nodeCidrMaskSizeIpv4, config.nodeCidrMaskSizeIpv6], [26, undefined]);
  assert.equal(config.nodeMonitorGracePeriodMs, 40_000);
  assert.deepEqual(
    (await configOf("--cluster-cidr=10.244.0.0/16")).clusterCidrs,
    [],
    "only with --allocate-node-cidrs",
  );
});

test("controllers are chosen by name; a name that is none is refused", () => {
  const running = (...enabled: string[]): string[] =>
    controllers.filter((one) => isEnabled(one, enabled)).map(({ name }) => name);
  assert.ok(running("*").includes("deployment-controller"));
  assert.ok(!running("*").includes("token-cleaner-controller"));
  assert.ok(running("*", "token-cleaner-controller").includes("token-cleaner-controller"));
  assert.ok(!running("*", "-job-controller").includes("job-controller"));
  assert.deepEqual(running("job-controller"), ["job-controller"]);
  assert.deepEqual(running("resource-claim-controller", "*", "-job").includes("job-controller"), false, "aliases");
  assert.doesNotThrow(() => checkControllers(["*", "-podgc", "route"]));
  assert.throws(() => checkControllers(["*", "-jobs"]), FlagError);
});

test("every controller has a name of its own", () => {
  assert.equal(new Set(controllers.map(({ name }) => name)).size, controllers.length);
});
