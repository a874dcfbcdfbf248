import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricsRegistry } from "../metrics/index.ts";
import { FeatureGateError, Features, featureGateUsage } from "./features.ts";

test("defaults, single gates and groups", () => {
  const features = new Features({ AllAlpha: true, EventedPLEG: false, WatchList: false });
  assert.equal(features.enabled("SidecarContainers"), true);
  assert.equal(features.enabled("GangScheduling"), true);
  assert.equal(features.enabled("EventedPLEG"), false);
  assert.equal(features.enabled("WatchList"), false);
  assert.equal(new Features().enabled("GangScheduling"), false);
  assert.equal(new Features({ AllBeta: false }).enabled("ImageVolume"), false);
  assert.equal(new Features({ AllBeta: false }).enabled("SidecarContainers"), true);
});

test("unknown and locked gates are refused in upstream's words", () => {
  assert.throws(() => new Features({ Nope: true }), new FeatureGateError("unrecognized feature gate: Nope"));
  assert.throws(
    () => new Features({ SidecarContainers: false }),
    new FeatureGateError("cannot set feature gate SidecarContainers to false, feature is locked to true"),
  );
  assert.equal(new Features({ SidecarContainers: true }).enabled("SidecarContainers"), true);
  assert.throws(() => new Features().enabled("Nope"), /not registered/);
});

test("gates are reported as a metric and in help", () => {
  const registry = new MetricsRegistry();
  new Features().report(registry);
  const { body } = registry.render();
  assert.match(body, /kubernetes_feature_enabled\{name="EventedPLEG",stage="ALPHA"\} 0/);
  assert.match(body, /kubernetes_feature_enabled\{name="NFTablesProxyMode",stage=""\} 1/);
  assert.match(featureGateUsage(), /\nEventedPLEG=true\|false \(ALPHA - default=false\)/);
  assert.doesNotMatch(featureGateUsage(), /SidecarContainers/);
});

test("what v1.36 turned on is on", () => {
  const features = new Features();
  const on = [
    "AuthorizePodWebsocketUpgradeCreatePermission",
    "MutablePodResourcesForSuspendedJobs",
    "StrictIPCIDRValidation",
    "DRAAdminAccess",
    "RelaxedServiceNameValidation",
    "ResourceHealthStatus",
    "RestartAllContainersOnContainerExits",
  ];
  for (const name of on) assert.equal(features.enabled(name), true, name);
  const name = "AuthorizePodWebsocketUpgradeCreatePermission";
  assert.equal(new Features({ [name]: false }).enabled(name), false);
});
