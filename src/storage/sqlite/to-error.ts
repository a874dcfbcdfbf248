import { StoreCorruptError, StoreError, StoreFailedError, StoreFullError, StoreLockedError } from "../errors.ts";
import type { Failure } from "./failure.ts";

export function toError({ kind, message }: Failure, path: string): StoreError {
  switch (kind) {
    case "locked":
      return new StoreLockedError(path);
    case "corrupt":
      return new StoreCorruptError(path, message);
    case "full":
      return new StoreFullError(path);
    case "cannot-open":
      return new StoreError("StoreOpenError", `store file ${path} cannot be opened: ${message}`, false);
    case "failed":
      return new StoreFailedError(message);
  }
}
