import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricsRegistry } from "../metrics/index.ts";
import { FeatureGateError, Features, featureGateUsage } from "./features.ts";
import { checkFeatureGates } from "./flags.ts";

test("defaults, single gates and groups", () => {
  const features = new Features({ AllAlpha: true, ContainerStopSignals: false });
  assert.equal(features.enabled("SidecarContainers"), true);
  assert.equal(features.enabled("GenericWorkload"), true);
  assert.equal(features.enabled("ContainerStopSignals"), false);
  assert.equal(features.enabled("EventedPLEG"), false, "fixed at its default");
  assert.equal(new Features().enabled("GenericWorkload"), false);
  const stable = new Features({ AllBeta: false });
  assert.equal(stable.enabled("AuthorizePodWebsocketUpgradeCreatePermission"), false);
  assert.equal(stable.enabled("SidecarContainers"), true);
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

test("gates that change nothing here may only be set to their defaults", () => {
  const message = "cannot set feature gate EventedPLEG to true, feature is locked to false in k8ts";
  assert.throws(() => new Features({ EventedPLEG: true }), new FeatureGateError(message));
  assert.equal(new Features({ EventedPLEG: false }).enabled("EventedPLEG"), false);
});

test("the value of --feature-gates is read as upstream's control plane reads it", () => {
  const features = Features.parse(["ContainerStopSignals=true", "kube:GenericWorkload=T", "", " WatchList=1 "]);
  assert.deepEqual(
    ["ContainerStopSignals", "GenericWorkload"].map((name) => features.enabled(name)),
    [true, true],
  );
  assert.deepEqual(
    ["Nope", "WatchList=maybe", "WatchList=true=1", "nope:A=true", "kube:Nope=true"].flatMap((pair) =>
      checkFeatureGates([pair]),
    ),
    [
      "missing bool value for Nope",
      'invalid value of WatchList=maybe, err: strconv.ParseBool: parsing "maybe": invalid syntax',
      'invalid value of WatchList=true=1, err: strconv.ParseBool: parsing "true=1": invalid syntax',
      "component not registered: nope",
      "unrecognized feature gate: Nope",
    ],
  );
});

test("gates are reported as a metric and in help", () => {
  const registry = new MetricsRegistry();
  new Features().report(registry);
  const { body } = registry.render();
  assert.match(body, /kubernetes_feature_enabled\{name="EventedPLEG",stage="ALPHA"\} 0/);
  assert.match(body, /kubernetes_feature_enabled\{name="AllBeta",stage="BETA"\} 0/);
  assert.match(body, /kubernetes_feature_enabled\{name="NFTablesProxyMode",stage=""\} 1/);
  assert.match(featureGateUsage(), /\nContainerStopSignals=true\|false \(ALPHA - default=false\)/);
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
