export type { OpenApiObject } from "./definitions.ts";
export { OpenApiDocuments } from "./documents.ts";
