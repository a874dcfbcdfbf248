import type { Stats } from "node:fs";
import * as fs from "node:fs/promises";
import { dirname } from "node:path";
import type { Disk, DiskCapacity, FileStatus, WriteOptions } from "../disk.ts";
import { platformError } from "./errors.ts";
import { watchPath } from "./watch.ts";

let temporaryCount = 0;

export class RealDisk implements Disk {
  read(path: string): Promise<Uint8Array> {
    return attempt(() => fs.readFile(path));
  }

  readText(path: string): Promise<string> {
    return attempt(() => fs.readFile(path, "utf8"));
  }

  readRange(path: string, offset: number, length: number): Promise<Uint8Array> {
    return attempt(async () => {
      const file = await fs.open(path, "r");
      try {
        const buffer = new Uint8Array(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await file.read(buffer, filled, length - filled, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return buffer.subarray(0, filled);
      } finally {
        await file.close();
      }
    });
  }

  write(path: string, data: Uint8Array | string, options: WriteOptions = {}): Promise<void> {
    return attempt(async () => {
      if (options.atomic === false) return writeWhole(path, data, options);
      const beside = `${path}.${process.pid}.${++temporaryCount}.tmp`;
      try {
        await writeWhole(beside, data, options);
        await fs.rename(beside, path);
      } catch (error) {
        await fs.rm(beside, { force: true });
        throw error;
      }
      if (options.durable === true) await syncDirectory(dirname(path));
    });
  }

  append(path: string, data: Uint8Array | string): Promise<void> {
    return attempt(() => fs.appendFile(path, data));
  }

  makeDirectory(path: string, options: { readonly mode?: number } = {}): Promise<void> {
    return attempt(async () => {
      const created = await fs.mkdir(path, { recursive: true, mode: options.mode });
      if (created !== undefined && options.mode !== undefined) await fs.chmod(path, options.mode);
    });
  }

  list(path: string): Promise<readonly string[]> {
    return attempt(async () => (await fs.readdir(path)).sort());
  }

  status(path: string): Promise<FileStatus | undefined> {
    return attempt(async () => {
      try {
        return fileStatus(await fs.lstat(path));
      } catch (error) {
        const { code } = platformError(error);
        if (code === "ENOENT" || code === "ENOTDIR") return undefined;
        throw error;
      }
    });
  }

  remove(path: string): Promise<void> {
    return attempt(() => fs.rm(path, { recursive: true, force: true }));
  }

  rename(from: string, to: string): Promise<void> {
    return attempt(() => fs.rename(from, to));
  }

  symlink(target: string, path: string): Promise<void> {
    return attempt(() => fs.symlink(target, path));
  }

  readLink(path: string): Promise<string> {
    return attempt(() => fs.readlink(path));
  }

  changeMode(path: string, mode: number): Promise<void> {
    return attempt(() => fs.chmod(path, mode));
  }

  changeOwner(path: string, uid: number, gid: number): Promise<void> {
    return attempt(() => fs.chown(path, uid, gid));
  }

  capacity(path: string): Promise<DiskCapacity> {
    return attempt(async () => {
      const found = await fs.statfs(path);
      return {
        totalBytes: found.blocks * found.bsize,
        freeBytes: found.bavail * found.bsize,
        totalInodes: found.files,
        freeInodes: found.ffree,
      };
    });
  }

  watch(path: string, onChange: () => void, signal: AbortSignal): void {
    watchPath(path, onChange, signal);
  }
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw platformError(error);
  }
}

async function writeWhole(path: string, data: Uint8Array | string, options: WriteOptions): Promise<void> {
  const file = await fs.open(path, "w", options.mode ?? 0o644);
  try {
    if (options.mode !== undefined) await file.chmod(options.mode);
    await file.writeFile(data);
    if (options.durable === true) await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function fileStatus(found: Stats): FileStatus {
  return { kind: kindOf(found), size: found.size, mode: found.mode & 0o7777, modifiedMs: found.mtimeMs };
}

function kindOf(found: Stats): FileStatus["kind"] {
  if (found.isFile()) return "file";
  if (found.isDirectory()) return "directory";
  if (found.isSymbolicLink()) return "symlink";
  return found.isSocket() ? "socket" : "other";
}
