export * from "./errors/contract.ts";
export * from "./facts.ts";
export * from "./meta/contract.ts";
export * from "./schema/contract.ts";
export * from "./validation/contract.ts";
