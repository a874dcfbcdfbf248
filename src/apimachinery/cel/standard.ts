import { CelEnvironment } from "./environment.ts";
import type { Library } from "./functions.ts";
import { authorizerLibrary } from "./libraries/authorizer.ts";
import { listLibrary, setLibrary } from "./libraries/collections.ts";
import { conversionLibrary } from "./libraries/conversions.ts";
import { jsonPatchLibrary } from "./libraries/json-patch.ts";
import { formatLibrary } from "./libraries/named-formats.ts";
import { networkLibrary } from "./libraries/network.ts";
import { operators } from "./libraries/operators.ts";
import { quantityLibrary } from "./libraries/quantity.ts";
import { semverLibrary } from "./libraries/semver.ts";
import { stringLibrary } from "./libraries/strings.ts";
import { regexLibrary, urlLibrary } from "./libraries/url.ts";

/** CEL's own functions. */
export const languageLibraries: readonly Library[] = [operators, conversionLibrary, stringLibrary];

/** What every expression in Kubernetes may use. Upstream: `environment.MustBaseEnvSet`. */
export const kubernetesLibraries: readonly Library[] = [
  ...languageLibraries,
  listLibrary,
  setLibrary,
  regexLibrary,
  urlLibrary,
  networkLibrary,
  quantityLibrary,
  semverLibrary,
  formatLibrary,
  authorizerLibrary,
  jsonPatchLibrary,
];

export const kubernetesEnvironment: CelEnvironment = new CelEnvironment({ libraries: kubernetesLibraries });
