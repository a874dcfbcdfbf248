import { messageOf, PlatformError } from "../errors.ts";

/** Turns Node's errors into platform errors; anything without an errno name keeps `EIO`. */
export function platformError(error: unknown, context?: string): PlatformError {
  if (error instanceof PlatformError) return error;
  const code = codeOf(error);
  const message = context === undefined ? messageOf(error) : `${context}: ${messageOf(error)}`;
  return new PlatformError(code ?? "EIO", message, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}
