import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, beforeEach, describe, test } from "node:test";
import { repositoryRoot } from "../repository.ts";

const scratch = mkdtempSync(join(tmpdir(), "k8ts-launcher-"));
after(() => rmSync(scratch, { recursive: true }));

/** What the launcher and its shell need from the machine; everything else a test provides, or it is not there. */
const tools = ["sh", "mkdir", "readlink", "sed", "cut", "sha256sum", "touch", "rm", "id", "uname", "flock"];
let count = 0;
let root = "";
let bin = "";

/** A repository of its own, with nothing installed, on a machine with nothing but a shell. */
beforeEach(() => {
  root = join(scratch, String(count++));
  bin = join(root, "path");
  mkdirSync(bin, { recursive: true });
  for (const name of ["k8ts", "package.json", "package-lock.json"])
    copyFileSync(join(repositoryRoot, name), join(root, name));
  // The file system's clock may stand still for milliseconds, and an installation is newer than what it was made from.
  utimesSync(join(root, "package-lock.json"), 0, 0);
  symlinkSync(join(repositoryRoot, "bin"), join(root, "bin"));
  for (const tool of tools) symlinkSync(which(tool), join(bin, tool));
});

function which(tool: string): string {
  const found = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"].map((folder) => join(folder, tool)).find(existsSync);
  assert.ok(found !== undefined, `${tool} is missing`);
  return found;
}

/** A command that notes its arguments and then does what the script says. */
function stub(name: string, script: string): void {
  rmSync(join(bin, name), { force: true });
  writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>"${root}/calls"\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

const calls = (): string => (existsSync(join(root, "calls")) ? readFileSync(join(root, "calls"), "utf8") : "");

function launch(
  args: readonly string[],
  command = join(root, "k8ts"),
  env: Readonly<Record<string, string | undefined>> = {},
) {
  // The path to the machine's own sbin is added by the launcher; the root's programs are hidden by the stubs only.
  const { status, stdout, stderr } = spawnSync(which("sh"), [command, ...args], {
    env: { PATH: bin, HOME: root, ...env },
    encoding: "utf8",
    timeout: 300_000,
  });
  return { status, stdout, stderr };
}

/** As after an installation. */
function install(kind: "all" | "runtime"): void {
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  symlinkSync(process.execPath, join(root, "node_modules/.bin/node"));
  const hash = spawnSync("sha256sum", [join(root, "package-lock.json")], { encoding: "utf8" }).stdout.slice(0, 64);
  writeFileSync(join(root, "node_modules/.k8ts-installed"), `${hash} ${kind}\n`);
}

describe("the launcher", () => {
  test("starts at once, and asks nobody, when everything is installed", () => {
    install("runtime");
    for (const name of ["npm", "apt-get", "uname", "sha256sum"]) stub(name, "exit 1");
    const { status, stdout, stderr } = launch(["version"]);
    assert.deepEqual([status, stderr, calls()], [0, "", ""]);
    assert.match(stdout, /^k8ts \d+\.\d+\.\d+ \(Kubernetes API v1\.36, Node\.js 26/);
  });

  test("finds the repository through symlinks", () => {
    install("runtime");
    symlinkSync(join(root, "k8ts"), join(root, "absolute"));
    symlinkSync("absolute", join(root, "relative"));
    assert.equal(launch(["version"], join(root, "relative")).status, 0);
  });

  test("takes a touched lock file for what it is", () => {
    install("runtime");
    stub("touch", `exec ${which("touch")} "$@"`);
    spawnSync("touch", ["-d", "+1 minute", join(root, "package-lock.json")]);
    const { status, stderr } = launch(["version"]);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(calls(), /^touch .*\.k8ts-installed\n$/);
  });

  test("installs Node.js first, then the packages under it, once", () => {
    stub("node", "");
    const boot = `${root}/.cache/bootstrap/node_modules`;
    // What the registry would bring: a node that, asked to run npm, makes node_modules.
    const fakeNode = `#!/bin/sh
[ "$1" = --version ] && { echo v26.10.0; exit 0; }
echo "node26 $*" >>"${root}/calls"
mkdir -p "${root}/node_modules/.bin"
ln -sf "${process.execPath}" "${root}/node_modules/.bin/node"
`;
    writeFileSync(join(root, "fake-node"), fakeNode, { mode: 0o755 });
    symlinkSync(which("ln"), join(bin, "ln"));
    symlinkSync(which("cp"), join(bin, "cp"));
    stub(
      "npm",
      `for arch in x64 arm64; do mkdir -p "${boot}/node-linux-$arch/bin"; cp "${root}/fake-node" "${boot}/node-linux-$arch/bin/node"; done
mkdir -p "${boot}/npm/bin"; : >"${boot}/npm/bin/npm-cli.js"`,
    );
    const first = launch(["version"]);
    assert.equal(first.status, 0, first.stderr);
    assert.match(
      first.stderr,
      /^k8ts: installing Node\.js 26[\d.]+ \(log: .*\)\nk8ts: installing npm packages \(log: .*\)\n$/,
    );
    assert.match(calls(), /npm install --prefix .* node-linux-(?:x64|arm64)@26[\d.]+ npm@/);
    assert.match(calls(), /node26 .*npm-cli\.js ci .*--omit=dev/);
    const before = calls();
    assert.equal(launch(["version"]).stderr, "");
    assert.equal(calls(), before);
  });

  test("says what is wrong, and what to do, when it cannot download", () => {
    stub("node", "");
    stub("npm", "echo no network >&2; exit 1");
    const { status, stderr } = launch(["version"]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /npm could not install Node\.js 26[\d.]+; the end of .*install\.log says why\. Is this machine online\?/,
    );
    assert.match(readFileSync(join(root, ".cache/install.log"), "utf8"), /no network/);
  });

  test("names an architecture or a system that it has no Node.js for", () => {
    stub("uname", "case $1 in -s) echo Linux ;; -m) echo riscv64 ;; esac");
    const architecture = launch(["version"]);
    assert.equal(architecture.status, 1);
    assert.match(architecture.stderr, /^k8ts: there is no pinned Node\.js for the architecture riscv64 .*K8TS_NODE/);
    stub("uname", "echo Darwin");
    assert.match(launch(["version"]).stderr, /^k8ts: it runs on Linux, and this is Darwin/);
  });

  test("tells somebody who is not root to install Node.js, when there is none at all", () => {
    stub("id", "echo 1000");
    const { status, stderr } = launch(["version"]);
    assert.equal(status, 1);
    assert.match(stderr, /^k8ts: there is no Node\.js with npm on this machine.*nodejs and npm/);
  });

  test("root without apt is told which programs to install", () => {
    install("all");
    stub("id", "echo 0");
    const { status, stderr } = launch(["up"]);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /^k8ts: these programs are missing and there is no apt-get here: .*containerd.*package manager/,
    );
  });

  test("root offline is told what apt could not install", () => {
    install("all");
    stub("id", "echo 0");
    stub("apt-get", "echo cannot reach the mirror >&2; exit 100");
    const { status, stderr } = launch(["up"]);
    assert.equal(status, 1);
    assert.match(stderr, /installing Debian packages: .*containerd/);
    assert.match(stderr, /apt-get could not install .*containerd.* Is this machine online\? By hand: apt-get install/);
  });

  describe("fetches the newest kubectl for the tests", () => {
    const installed =
      "containerd runc nft iptables ip conntrack busybox nsenter mount etcd etcdctl dig socat curl openssl kubectl";

    beforeEach(() => {
      install("all");
      stub("id", "echo 0");
      for (const program of installed.split(" ")) stub(program, "");
      for (const tool of ["timeout", "chmod"]) symlinkSync(which(tool), join(bin, tool));
      stub("dpkg-deb", 'mkdir -p "$3/usr/bin"; echo "#!/bin/sh" >"$3/usr/bin/kubectl"; chmod +x "$3/usr/bin/kubectl"');
    });

    test("from the machine's own mirror, once", () => {
      const downloads = 'case "$*" in indextargets*) echo http://mirror.example/;; *download*) : >kubectl_1.deb;; esac';
      stub("apt-get", downloads);
      const first = launch(["test", "--help"]);
      assert.equal(first.status, 0, first.stderr);
      assert.match(first.stderr, /fetching the newest kubectl of Debian/);
      assert.match(calls(), /apt-get .* update\napt-get .* download kubectl\/sid\ndpkg-deb -x kubectl_1\.deb/);
      const before = calls();
      const second = launch(["test", "--help"]);
      assert.deepEqual([second.status, second.stderr, calls()], [0, "", before]);
    });

    test("and goes on without it, saying so", () => {
      stub("apt-get", "exit 100");
      const { status, stderr } = launch(["test", "--help"]);
      assert.equal(status, 0);
      assert.match(stderr, /it could not be had .*: the tests use the installed kubectl alone/);
    });
  });

  test("who is not root needs no Debian packages", () => {
    install("all");
    stub("id", "echo 1000");
    stub("apt-get", "exit 1");
    assert.equal(launch(["test", "--help"]).status, 0);
    assert.doesNotMatch(calls(), /apt-get/);
  });

  test("uses the Node.js that K8TS_NODE names", () => {
    install("runtime");
    rmSync(join(root, "node_modules/.bin/node"));
    assert.match(launch(["version"]).stderr, /node is missing: remove .*\.k8ts-installed and run the command again/);
    const { status } = launch(["version"], join(root, "k8ts"), { K8TS_NODE: process.execPath });
    assert.equal(status, 0);
  });

  test("needs no home directory", () => {
    install("runtime");
    const { status, stderr } = launch(["version"], join(root, "k8ts"), { HOME: undefined });
    assert.deepEqual([status, stderr], [0, ""]);
  });

  test("an unknown command is refused in one sentence", () => {
    install("all");
    const { status, stderr } = launch(["frobnicate"]);
    assert.deepEqual([status, stderr], [1, 'k8ts: there is no command "frobnicate"; ./k8ts help lists them\n']);
  });
});
