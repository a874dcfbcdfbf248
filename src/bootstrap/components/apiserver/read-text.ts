import { type Disk, PlatformError } from "../../../base/index.ts";

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EISDIR: "is a directory",
  ENOENT: "no such file or directory",
};

/** A configuration file's text. Failures are told as Go's `os.ReadFile` tells them. */
export async function readText(disk: Disk, path: string): Promise<string> {
  try {
    return await disk.readText(path);
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error;
    const reason = reasons[error.code];
    if (reason === undefined) throw error;
    throw new Error(`${error.code === "EISDIR" ? "read" : "open"} ${path}: ${reason}`, { cause: error });
  }
}
