export interface FileStatus {
  readonly kind: "file" | "directory" | "symlink" | "socket" | "other";
  readonly size: number;
  readonly mode: number;
  readonly modifiedMs: number;
}

/** Files. Paths are absolute. Every call rejects with a `PlatformError` whose `code` is the errno name. */
export interface Disk {
  read(path: string): Promise<Uint8Array>;
  readText(path: string): Promise<string>;
  /** Replaces the whole file. `atomic` (the default) writes beside it and renames. */
  write(path: string, data: Uint8Array | string, options?: { readonly mode?: number; readonly atomic?: boolean }): Promise<void>;
  append(path: string, data: Uint8Array | string): Promise<void>;
  /** Creates the directory and its parents; an existing one is not an error. */
  makeDirectory(path: string, options?: { readonly mode?: number }): Promise<void>;
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
  /** Calls back (coalesced) when something in the directory or file changes; ends with the signal. */
  watch(path: string, onChange: () => void, signal: AbortSignal): void;
}
