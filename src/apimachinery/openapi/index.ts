export type { OpenApiObject } from "./definitions.ts";
export { type GivenDefinitions, OpenApiDocuments } from "./documents.ts";
export { encodeSwagger } from "./swagger-protobuf.ts";
