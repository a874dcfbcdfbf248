import { OpenApiDocuments } from "../apimachinery/index.ts";
import { groupVersions } from "./group-versions.ts";

/** OpenAPI of all built-in kinds; `gitVersion` is what the documents say of the server's version. */
export function builtInOpenApi(gitVersion: string): OpenApiDocuments {
  return new OpenApiDocuments(groupVersions, gitVersion);
}
