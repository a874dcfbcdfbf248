import assert from "node:assert/strict";
import { test } from "node:test";
import { type ContainerdFacts, containerdConfig } from "./config.ts";
import { containerdPaths } from "./paths.ts";
import { hasSysResource, parseContainerdVersion } from "./probe.ts";

const settings = {
  paths: containerdPaths("/data/n"),
  sandboxImage: "k8ts.local/pause:1",
  cniConfigDirectory: "/data/n/cni",
  cniBinDirectory: "/usr/lib/cni",
};
const facts: ContainerdFacts = {
  version: { major: 1, minor: 6 },
  snapshotter: "overlayfs",
  runtimes: { crun: "/usr/bin/crun", runc: "/usr/sbin/runc" },
  mayLowerOomScore: false,
};

test("containerd 1.6 gets a version 2 file", () => {
  const text = containerdConfig(settings, facts);
  assert.match(text, /^version = 2$/m);
  assert.match(text, /^state = "\/data\/n\/state"$/m);
  assert.match(text, /^\[plugins\."io\.containerd\.grpc\.v1\.cri"\]$/m);
  assert.match(text, /^sandbox_image = "k8ts\.local\/pause:1"$/m);
  assert.match(text, /^restrict_oom_score_adj = true$/m);
  assert.match(text, /^default_runtime_name = "crun"$/m);
  assert.match(
    text,
    /^\[plugins\."io\.containerd\.grpc\.v1\.cri"\.containerd\.runtimes\.runc\.options\]\nBinaryName = "\/usr\/sbin\/runc"$/m,
  );
});

test("containerd 2 gets a version 3 file", () => {
  const text = containerdConfig(settings, { ...facts, version: { major: 2, minor: 1 }, mayLowerOomScore: true });
  assert.match(text, /^version = 3$/m);
  assert.match(
    text,
    /^\[plugins\."io\.containerd\.cri\.v1\.images"\.pinned_images\]\nsandbox = "k8ts\.local\/pause:1"$/m,
  );
  assert.match(text, /^restrict_oom_score_adj = false$/m);
  assert.doesNotMatch(text, /sandbox_image/);
});

test("versions are read as Debian and upstream print them", () => {
  assert.deepEqual(
    parseContainerdVersion("containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u3"),
    { major: 1, minor: 6 },
  );
  assert.deepEqual(parseContainerdVersion("containerd github.com/containerd/containerd/v2 v2.1.3 abcdef"), {
    major: 2,
    minor: 1,
  });
  assert.throws(() => parseContainerdVersion("containerd x 1.4.13"), /too old/);
});

test("CAP_SYS_RESOURCE is bit 24 of the effective set", () => {
  assert.equal(hasSysResource("CapPrm:\t000001ffffffffff\nCapEff:\t000001fffeffffff\n"), false);
  assert.equal(hasSysResource("CapEff:\t000001ffffffffff\n"), true);
});

test("a directory that is too long for a socket is refused", () => {
  assert.throws(() => containerdPaths(`/${"d".repeat(100)}`), /too long/);
});
