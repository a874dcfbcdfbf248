export interface FileStatus {
  readonly kind: "file" | "directory" | "symlink" | "socket" | "other";
  /** Bytes. */
  readonly size: number;
  /** Permission bits only. */
  readonly mode: number;
  readonly modifiedMs: number;
}

export interface DiskCapacity {
  readonly totalBytes: number;
  /** What an unprivileged user may still take. */
  readonly freeBytes: number;
  readonly totalInodes: number;
  readonly freeInodes: number;
}

export interface WriteOptions {
  /** Permission bits, whatever the umask; default 0o644 less the umask. */
  readonly mode?: number;
  /** Write beside the file and rename over it, so that readers see the old or the new content; default true. */
  readonly atomic?: boolean;
  /** Return only when the content would survive a power cut; default false. */
  readonly durable?: boolean;
}

/** Files. Paths are absolute. Every call rejects with a `PlatformError` whose `code` is the errno name. */
export interface Disk {
  read(path: string): Promise<Uint8Array>;
  readText(path: string): Promise<string>;
  /** Up to `length` bytes from `offset`; fewer at the end of the file. */
  readRange(path: string, offset: number, length: number): Promise<Uint8Array>;
  /** Replaces the whole file. The parent directory must exist. */
  write(path: string, data: Uint8Array | string, options?: WriteOptions): Promise<void>;
  append(path: string, data: Uint8Array | string): Promise<void>;
  /** Creates the directory and its parents; an existing one is not an error. */
  makeDirectory(path: string, options?: { readonly mode?: number }): Promise<void>;
  /** The names in a directory, sorted. */
  list(path: string): Promise<readonly string[]>;
  /** `undefined` when nothing is there. Does not follow a final symlink. */
  status(path: string): Promise<FileStatus | undefined>;
  /** Removes a file or a whole tree; nothing there is not an error. Never follows symlinks. */
  remove(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  readLink(path: string): Promise<string>;
  changeMode(path: string, mode: number): Promise<void>;
  changeOwner(path: string, uid: number, gid: number): Promise<void>;
  /** The size of the file system that holds the path. */
  capacity(path: string): Promise<DiskCapacity>;
  /** Calls back (coalesced) when something in the directory or the file changes; ends with the signal. */
  watch(path: string, onChange: () => void, signal: AbortSignal): void;
}
