export { type ConnectOptions, connectRuntime } from "./client.ts";
export { received } from "./codec.ts";
export { type CriCode, CriError, isCriError, isRetriable } from "./errors.ts";
export type { EnumName, EnumValue, MessageName, Request, Response } from "./messages.ts";
export type { CallOptions, ContainerRuntime, ImageService, RuntimeService } from "./services.ts";
