export type { OpenApiObject } from "./definitions.ts";
export { type GivenDefinitions, OpenApiDocuments } from "./documents.ts";
export { encodeOpenApi3 } from "./openapi3-protobuf.ts";
export { encodeSwagger } from "./swagger-protobuf.ts";
