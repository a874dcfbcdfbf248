import type { ImageDefinition } from "./definition.ts";
import { type Architecture, pauseProgram } from "./pause.ts";

export const PAUSE_IMAGE = "k8ts.local/pause:1";
export const BUSYBOX_IMAGE = "k8ts.local/busybox:1";
export const NGINX_IMAGE = "k8ts.local/nginx:1";

const accounts = {
  "/etc/passwd": {
    text: [
      "root:x:0:0:root:/root:/bin/sh",
      "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin",
      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    ].join("\n"),
  },
  "/etc/group": { text: "root:x:0:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n" },
  "/etc/nsswitch.conf": { text: "passwd: files\ngroup: files\nhosts: files dns\n" },
};

/** Debian's merged layout: packages may still name the old places. */
const mergedUsr = { "/bin": "usr/bin", "/sbin": "usr/sbin", "/lib": "usr/lib", "/lib64": "usr/lib64" };

function pause(architecture: Architecture): ImageDefinition {
  return {
    name: PAUSE_IMAGE,
    files: { "/pause": { bytes: pauseProgram(architecture), mode: 0o755 } },
    config: { entrypoint: ["/pause"], user: "65535:65535", environment: { PATH: "/" } },
  };
}

const busybox: ImageDefinition = {
  name: BUSYBOX_IMAGE,
  directories: { "/tmp": { mode: 0o1777 }, "/root": { mode: 0o700 }, "/var": {}, "/usr/bin": {}, "/usr/sbin": {} },
  files: { ...accounts, "/bin/busybox": { copyOf: "/bin/busybox", mode: 0o755 } },
  applets: "/bin/busybox",
  config: { command: ["sh"], environment: { PATH: "/bin:/sbin:/usr/bin:/usr/sbin" } },
};

const nginx: ImageDefinition = {
  name: NGINX_IMAGE,
  packages: ["nginx", "dash", "coreutils"],
  without: ["debconf", "debconf-2.0", "iproute2", "dpkg", "debianutils", "lsb-base", "sysvinit-utils"],
  directories: {
    "/tmp": { mode: 0o1777 },
    "/var/log/nginx": {},
    "/var/lib/nginx": {},
    "/run": {},
    "/usr/sbin": {},
    "/usr/lib64": {},
  },
  files: {
    ...accounts,
    "/etc/nginx/nginx.conf": {
      text: `user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /dev/stderr notice;
events { worker_connections 512; }
http {
  include mime.types;
  access_log /dev/stdout;
  server {
    listen 80 default_server;
    root /usr/share/nginx/html;
  }
}
`,
    },
  },
  links: mergedUsr,
  config: {
    entrypoint: ["/usr/sbin/nginx"],
    command: ["-g", "daemon off;"],
    environment: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
    exposedPorts: ["80/tcp"],
    stopSignal: "SIGQUIT",
  },
};

/** The images that the project itself builds, by reference. */
export function builtInImages(architecture: Architecture): Readonly<Record<string, ImageDefinition>> {
  return { [PAUSE_IMAGE]: pause(architecture), [BUSYBOX_IMAGE]: busybox, [NGINX_IMAGE]: nginx };
}
