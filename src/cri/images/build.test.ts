import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createRealPlatform } from "../../base/index.ts";
import { archiveReferences } from "./archive-references.ts";
import { buildImage } from "./build.ts";
import { parsePackage, unpackPackages } from "./debian-packages.ts";
import { type ImageDefinition, parseImageDefinition } from "./definition.ts";
import { BUSYBOX_IMAGE, builtInImages } from "./definitions.ts";

const platform = createRealPlatform();
const directory = mkdtempSync(join(tmpdir(), "image-"));
after(() => rmSync(directory, { recursive: true }));

function build(definition: ImageDefinition, file: string) {
  const outputFile = join(directory, file);
  return buildImage(definition, {
    ...platform,
    architecture: "amd64",
    cacheDirectory: join(directory, "cache"),
    outputFile,
  });
}

test("the same recipe gives the same bytes", async () => {
  const recipe = builtInImages("amd64")[BUSYBOX_IMAGE];
  assert.ok(recipe);
  const first = await build(recipe, "one.tar");
  await platform.clock.sleep(1_100);
  const second = await build(recipe, "two.tar");
  assert.equal(first.id, second.id);
  assert.deepEqual(readFileSync(first.file), readFileSync(second.file));
});

test("the archive holds the files, modes and start command of the recipe", async () => {
  const built = await build(
    {
      name: "example.local/hello:2",
      files: { "/srv/hello": { text: "hello\n", mode: 0o755 } },
      links: { "/hello": "srv/hello" },
      directories: { "/tmp": { mode: 0o1777 } },
      config: { entrypoint: ["/hello"], user: "7", environment: { A: "b" } },
    },
    "hello.tar",
  );
  const read = async (path: string) => (await platform.processes.run("tar", ["-xOf", built.file, path])).stdout;
  const index = JSON.parse(await read("./index.json"));
  assert.equal(index.manifests[0].annotations["io.containerd.image.name"], "example.local/hello:2");
  const blob = (digest: string) => `./blobs/sha256/${digest.slice(7)}`;
  const manifest = JSON.parse(await read(blob(index.manifests[0].digest)));
  assert.equal(manifest.config.digest, built.id);
  const config = JSON.parse(await read(blob(manifest.config.digest)));
  assert.deepEqual(config.config, { User: "7", Env: ["A=b"], Entrypoint: ["/hello"] });
  const listing = ["-c", 'tar -xOf "$0" "$1" | tar -tv', built.file, blob(manifest.layers[0].digest)];
  const list = await platform.processes.run("sh", listing, { env: { TZ: "UTC" } });
  assert.match(list.stdout, /^drwxrwxrwt 0\/0 .* 1970-01-01 00:00 \.\/tmp\/$/m);
  assert.match(list.stdout, /^-rwxr-xr-x 0\/0 +6 .* \.\/srv\/hello$/m);
  assert.match(list.stdout, /\.\/hello -> srv\/hello$/m);
});

test("the references of OCI and docker archives are found", async () => {
  const built = await build({ name: "example.local/one:1", files: { "/a": { text: "" } } }, "one-oci.tar");
  assert.deepEqual(await archiveReferences(platform.processes, built.file), ["example.local/one:1"]);
  const manifest = JSON.stringify([{ RepoTags: ["nginx:1", "me/app:2", "registry.local:5000/x/y:3"] }]);
  await platform.disk.write(join(directory, "manifest.json"), manifest);
  await platform.processes.run("tar", ["-C", directory, "-czf", join(directory, "docker.tar.gz"), "manifest.json"]);
  assert.deepEqual(await archiveReferences(platform.processes, join(directory, "docker.tar.gz")), [
    "docker.io/library/nginx:1",
    "docker.io/me/app:2",
    "registry.local:5000/x/y:3",
  ]);
});

test("what a package needs is read with its alternatives", () => {
  const text =
    "Package: web\nVersion: 1:2.0-3\nArchitecture: amd64\nPre-Depends: base:any (>= 1)\nDepends: libc6 (>= 2.3), mta | mail, zlib1g\n";
  const { file, requirements } = parsePackage(text);
  assert.equal(file, "web_1%3a2.0-3_amd64.deb");
  assert.deepEqual(requirements, [["base"], ["libc6"], ["mta", "mail"], ["zlib1g"]]);
});

test("packages are unpacked through the links of the merged layout", async () => {
  const { disk, processes } = platform;
  const [source, cacheDirectory, root] = ["source", "packages", "root"].map((name) => join(directory, name));
  assert.ok(source && cacheDirectory && root);
  for (const made of [`${source}/DEBIAN`, `${source}/bin`, cacheDirectory, `${root}/usr/bin`])
    await disk.makeDirectory(made);
  const control = "Package: old\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: of the old layout\n";
  await disk.write(`${source}/DEBIAN/control`, control);
  await disk.write(`${source}/bin/tool`, "tool\n", { mode: 0o755 });
  await disk.symlink("usr/bin", `${root}/bin`);
  const built = await processes.run("dpkg-deb", ["--build", source, `${cacheDirectory}/old_1_all.deb`]);
  assert.equal(built.code, 0, built.stderr);
  const old = { name: "old", file: "old_1_all.deb", requirements: [] };
  await unpackPackages({ disk, processes, cacheDirectory }, [old], root);
  assert.equal(readFileSync(`${root}/usr/bin/tool`, "utf8"), "tool\n");
  const broken = { name: "broken", file: "broken_1_all.deb", requirements: [] };
  await disk.write(`${cacheDirectory}/${broken.file}`, "no package");
  await assert.rejects(unpackPackages({ disk, processes, cacheDirectory }, [broken], root));
});

test("a recipe from outside is checked", () => {
  assert.throws(() => parseImageDefinition({ name: "a/b:1", package: [] }), /unknown field package/);
  assert.throws(() => parseImageDefinition({ name: "a/b:1", packages: "x" }), /image\.packages: must be a list/);
  assert.throws(() => parseImageDefinition({ name: "a/b:1", files: { "/x": {} } }), /needs text or copyOf/);
  assert.equal(parseImageDefinition({ name: "a/b:1", packages: ["x"] }).name, "a/b:1");
});

test("a path that leaves the image is refused", async () => {
  await assert.rejects(build({ name: "a/b:1", files: { "/../x": { text: "" } } }, "bad.tar"), /not an absolute path/);
});
