import { CelEnvironment } from "./environment.ts";
import type { Library } from "./functions.ts";
import { authorizerLibrary } from "./libraries/authorizer.ts";
import { listLibrary, setLibrary } from "./libraries/collections.ts";
import { conversionLibrary } from "./libraries/conversions.ts";
import { jsonPatchLibrary } from "./libraries/json-patch.ts";
import { listOperations, optionalLists } from "./libraries/list-operations.ts";
import { formatLibrary } from "./libraries/named-formats.ts";
import { networkLibrary } from "./libraries/network.ts";
import { operators } from "./libraries/operators.ts";
import { quantityLibrary } from "./libraries/quantity.ts";
import { semverLibrary } from "./libraries/semver.ts";
import { stringLibrary } from "./libraries/strings.ts";
import { regexLibrary, urlLibrary } from "./libraries/url.ts";

/** CEL's own functions. */
export const languageLibraries: readonly Library[] = [operators, conversionLibrary, stringLibrary, optionalLists];

/** What every expression in Kubernetes may use. Upstream: `environment.MustBaseEnvSet`. */
export const kubernetesLibraries: readonly Library[] = [
  ...languageLibraries,
  listLibrary,
  listOperations,
  setLibrary,
  regexLibrary,
  urlLibrary,
  networkLibrary,
  quantityLibrary,
  semverLibrary,
  formatLibrary,
  authorizerLibrary,
];

export const kubernetesEnvironment: CelEnvironment = new CelEnvironment({ libraries: kubernetesLibraries });

/** What expressions may use that make patches. */
export const patchEnvironment: CelEnvironment = new CelEnvironment({
  libraries: [...kubernetesLibraries, jsonPatchLibrary],
});
