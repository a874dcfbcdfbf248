import type { Disk, FileStatus } from "../../base/index.ts";

/** Checks or makes what a hostPath volume points at, by its type. Rejects with upstream's message. */
export async function prepareHostPath(disk: Disk, path: string, type: string): Promise<void> {
  const status = await statusFollowing(disk, path);
  switch (type) {
    case "":
      return;
    case "DirectoryOrCreate":
      if (status === undefined) await disk.makeDirectory(path, { mode: 0o755 });
      else if (status.kind !== "directory") throw wrong(path, "a directory");
      return;
    case "FileOrCreate":
      if (status === undefined) await disk.write(path, "", { mode: 0o644 });
      else if (status.kind !== "file") throw wrong(path, "a file");
      return;
    case "Directory":
      return expectKind(path, status, "directory", "a directory");
    case "File":
      return expectKind(path, status, "file", "a file");
    case "Socket":
      return expectKind(path, status, "socket", "a socket file");
    case "CharDevice":
      return expectKind(path, status, "other", "a character device");
    case "BlockDevice":
      return expectKind(path, status, "other", "a block device");
    default:
      throw new Error(`${type} is an invalid volume type`);
  }
}

function expectKind(path: string, status: FileStatus | undefined, kind: FileStatus["kind"], what: string): void {
  if (status?.kind !== kind) throw wrong(path, what);
}

function wrong(path: string, what: string): Error {
  return new Error(`hostPath type check failed: ${path} is not ${what}`);
}

async function statusFollowing(disk: Disk, path: string): Promise<FileStatus | undefined> {
  let at = path;
  for (let links = 0; links < 40; links++) {
    const status = await disk.status(at);
    if (status?.kind !== "symlink") return status;
    const target = await disk.readLink(at);
    at = target.startsWith("/") ? target : `${at.slice(0, at.lastIndexOf("/"))}/${target}`;
  }
  return undefined;
}
