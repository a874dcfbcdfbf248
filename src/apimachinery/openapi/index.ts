export type { OpenApiObject } from "./definitions.ts";
export { OpenApiDocuments } from "./documents.ts";
export { encodeSwagger } from "./swagger-protobuf.ts";
