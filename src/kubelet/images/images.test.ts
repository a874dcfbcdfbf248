import assert from "node:assert/strict";
import { test } from "node:test";
import { createVirtualPlatform } from "../../base/index.ts";
import { CriError, type ImageService, loadReceived } from "../../cri/index.ts";
import { testContainer, testPod } from "../testing/fixtures.ts";
import type { Container, Secret } from "../types.ts";
import { credentialsFor } from "./credentials.ts";
import { ImageManager } from "./manager.ts";
import { parseImageReference, withDefaultTag } from "./reference.ts";

const received = await loadReceived();

test("image names are taken apart as registries do", () => {
  const text = (name: string): string | undefined => {
    const found = parseImageReference(name);
    return found && [found.domain, found.path, found.tag ?? "", found.digest?.slice(0, 9) ?? ""].join(" ").trim();
  };
  assert.equal(text("nginx"), "docker.io library/nginx");
  assert.equal(text("bitnami/nginx:1"), "docker.io bitnami/nginx 1");
  assert.equal(text("localhost/a"), "localhost a");
  assert.equal(text("localhost:5000/a:b"), "localhost:5000 a b");
  assert.equal(text(`registry.k8s.io/pause:3.9@sha256:${"a".repeat(64)}`), "registry.k8s.io pause 3.9 sha256:aa");
  for (const bad of [
    "",
    "UPPER",
    "a b",
    "a:",
    "a@sha256:1",
    "/a",
    "a//b",
    "-a",
    "a:b:c",
    `a@sha256:${"a".repeat(64)}@x`,
  ]) {
    assert.equal(parseImageReference(bad), undefined, bad);
  }
  assert.equal(withDefaultTag("nginx"), "nginx:latest");
  assert.equal(withDefaultTag("localhost:5000/a"), "localhost:5000/a:latest");
  assert.equal(withDefaultTag("nginx:1"), "nginx:1");
});

test("pull secrets open the registries they name, the longest match first", () => {
  const secret = (auths: object): Secret => ({
    metadata: { name: "s" },
    data: { ".dockerconfigjson": btoa(JSON.stringify({ auths })) },
  });
  const user = (image: string, ...secrets: Secret[]) =>
    credentialsFor(image, secrets).map((one) => `${one.username}:${one.password}`);
  const auth = (text: string) => ({ auth: btoa(text) });
  const one = secret({
    "https://index.docker.io/v1/": auth("hub:a:b"),
    "example.com": auth("all:1"),
    "example.com/team": auth("team:2"),
    "*.corp.io": auth("corp:3"),
  });
  assert.deepEqual(user("nginx", one), ["hub:a:b"]);
  assert.deepEqual(user("example.com/team/app:1", one), ["team:2", "all:1"]);
  assert.deepEqual(user("eu.corp.io/app", one), ["corp:3"]);
  assert.deepEqual(user("a.eu.corp.io/app", one), []);
  assert.deepEqual(user("nginx", { metadata: { name: "broken" }, data: { ".dockerconfigjson": "!!" } }), []);
});

function setUp(present: boolean, pulls: ("ok" | "fail")[] = []) {
  const platform = createVirtualPlatform({ startMs: 1_000_000 });
  const events: string[] = [];
  let there = present;
  const images = {
    imageStatus: async () =>
      received("ImageStatusResponse", there ? { image: { id: "sha256:1", size: 42, uid: { value: 7 } } } : {}),
    pullImage: async () => {
      if (pulls.shift() !== "ok") throw new CriError("Unknown", "no route to registry");
      there = true;
      return received("PullImageResponse", { imageRef: "sha256:1" });
    },
  } as unknown as ImageService;
  const manager = new ImageManager({
    images,
    clock: platform.clock,
    events: { event: (_, __, reason, message) => events.push(`${reason}: ${message}`) },
    maxParallelPulls: 1,
    pullSecrets: async () => [],
  });
  const ensure = (more: Partial<Container> = {}) =>
    manager
      .ensure(testPod(), testContainer("main", { image: "app:1", ...more }), {}, new AbortController().signal)
      .then(
        ({ ref, user }) => `${ref} ${user.uid}`,
        (error: { reason?: string; message: string }) => `${error.reason}: ${error.message}`,
      );
  return { ...platform, manager, events, ensure };
}

test("pull policies", async () => {
  const present = setUp(true, ["ok"]);
  assert.equal(await present.ensure(), "sha256:1 7");
  assert.deepEqual(present.events, [
    'Pulled: Container image "app:1" already present on machine and can be accessed by the pod',
  ]);
  assert.equal(await present.ensure({ imagePullPolicy: "Always" }), "sha256:1 7");
  assert.equal(present.events[1], 'Pulling: Pulling image "app:1"');
  assert.equal(
    present.events[2],
    'Pulled: Successfully pulled image "app:1" in 0s (0s including waiting). Image size: 42 bytes.',
  );
  assert.equal(
    await setUp(false).ensure({ imagePullPolicy: "Never" }),
    'ErrImageNeverPull: Container image "app:1" is not present with pull policy of Never',
  );
  assert.match(
    await setUp(true).ensure({ image: "A B" }),
    /^InvalidImageName: Failed to apply default image tag "A B"/,
  );
});

test("a failed pull is tried again only after its back-off", async () => {
  const { ensure, clock, manager, events } = setUp(false, ["fail", "fail", "ok"]);
  const container = testContainer("main", { image: "app:1" });
  assert.equal(await ensure(), "ErrImagePull: no route to registry");
  assert.equal(await ensure(), 'ImagePullBackOff: Back-off pulling image "app:1": ErrImagePull: no route to registry');
  assert.equal(manager.backoffMs(testPod(), container), 10_000);
  await clock.advance(10_000);
  assert.equal(await ensure(), "ErrImagePull: no route to registry");
  assert.equal(manager.backoffMs(testPod(), container), 20_000);
  await clock.advance(20_000);
  assert.equal(await ensure(), "sha256:1 7");
  assert.ok(events.includes('Failed: Failed to pull image "app:1": no route to registry'));
  assert.ok(events.includes('BackOff: Back-off pulling image "app:1"'));
});
