import assert from "node:assert/strict";
import { test } from "node:test";
import { readSource } from "../repository.ts";
import { completeLock, type Lock, missingPackages } from "./complete-lock.ts";

const lock = JSON.parse(readSource("package-lock.json")) as Lock;

test("package-lock.json is complete, so that npm ci takes it", () => {
  assert.deepEqual(missingPackages(lock), [], "run ./k8ts tool lock");
});

test("package-lock.json names no registry", () => {
  const resolved = Object.entries(lock.packages).filter(([, locked]) => locked.resolved !== undefined);
  assert.deepEqual(resolved, []);
});

test("package-lock.json pins what package.json asks for", () => {
  const manifest = JSON.parse(readSource("package.json")) as LockRoot;
  for (const field of ["dependencies", "devDependencies", "optionalDependencies"] as const) {
    for (const [name, version] of Object.entries(manifest[field])) {
      assert.match(version, /^\d+\.\d+\.\d+/, `${name} is not pinned exactly`);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version, name);
    }
  }
});

test("a lock is completed by name", () => {
  const packages = {
    "node_modules/tool": { version: "1.0.0", dev: true, optionalDependencies: { "@tool/linux-arm64-musl": "1.0.0" } },
  };
  assert.deepEqual(completeLock({ packages }).packages["node_modules/@tool/linux-arm64-musl"], {
    version: "1.0.0",
    os: ["linux"],
    cpu: ["arm64"],
    libc: ["musl"],
    dev: true,
    optional: true,
  });
});

interface LockRoot {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}
