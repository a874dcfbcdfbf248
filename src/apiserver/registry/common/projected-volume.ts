import type {
  ClusterTrustBundleProjection,
  KeyToPath,
  PodCertificateProjection,
  ProjectedVolumeSource,
  ServiceAccountTokenProjection,
  VolumeProjection,
} from "../../../api/index.ts";
import {
  type FieldPath,
  forbidden,
  invalid,
  notSupported,
  required,
  validateLabelSelector,
} from "../../../apimachinery/index.ts";
import { checkFileMode, checkLocalNonReservedPath, checkRequired, type Errors } from "./check.ts";
import { shownSelector } from "./selector-and-template.ts";
import { checkDownwardFile, checkKeyToPath } from "./key-to-path.ts";
import { checkSignerName, trustBundleNameMessages } from "./signer-name.ts";

const conflict = "conflicting duplicate paths";
const keyTypes = ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"] as const;
const minute = 60;
const hour = 3600;
/** The longest a pod certificate may live: 91 days, or one day where the signer is Kubernetes' own. Seconds. */
const certificateMax = 91 * 24 * hour;
const kubernetesCertificateMax = 24 * hour;

export function checkProjectedVolume(volume: ProjectedVolumeSource, path: FieldPath, errors: Errors): void {
  checkFileMode(volume.defaultMode, path.child("defaultMode"), errors);
  const paths = new Set<string>();
  volume.sources?.forEach((source, index) => {
    const at = path.child("sources").index(index);
    checkSource(source, at, { volume: path, paths }, errors);
    if (Object.keys(source).length > 1)
      errors.push(forbidden(at, "may not specify more than 1 volume type per source"));
  });
}

/** What the sources of one volume share: errors of some name the volume, not the source. */
interface Shared {
  readonly volume: FieldPath;
  readonly paths: Set<string>;
}

function claim(shared: Shared, path: string, shown: string, errors: Errors): void {
  if (shared.paths.has(path)) errors.push(invalid(shared.volume, shown, conflict));
  else shared.paths.add(path);
}

function checkSource(source: VolumeProjection, path: FieldPath, shared: Shared, errors: Errors): void {
  const { secret, configMap, downwardAPI, serviceAccountToken, clusterTrustBundle, podCertificate } = source;
  if (secret !== undefined) checkNamedSource(secret, path.child("secret"), shared, errors);
  if (configMap !== undefined) checkNamedSource(configMap, path.child("configMap"), shared, errors);
  for (const file of downwardAPI?.items ?? []) {
    checkDownwardFile(file, path.child("downwardAPI"), errors);
    if (file.path !== "") claim(shared, file.path, file.path, errors);
  }
  if (serviceAccountToken !== undefined)
    checkToken(serviceAccountToken, path.child("serviceAccountToken"), shared, errors);
  if (clusterTrustBundle !== undefined)
    checkTrustBundle(clusterTrustBundle, path.child("clusterTrustBundle"), shared, errors);
  if (podCertificate !== undefined) checkPodCertificate(podCertificate, path.child("podCertificate"), shared, errors);
}

function checkNamedSource(
  { name = "", items = [] }: { name?: string; items?: KeyToPath[] },
  path: FieldPath,
  shared: Shared,
  errors: Errors,
): void {
  if (name === "") errors.push(required(path.child("name")));
  items.forEach((item, index) => {
    checkKeyToPath(item, path.child("items").index(index), errors);
    if (item.path !== "") claim(shared, item.path, name, errors);
  });
}

function checkToken(token: ServiceAccountTokenProjection, path: FieldPath, shared: Shared, errors: Errors): void {
  const seconds = token.expirationSeconds ?? 0;
  if (seconds < 10 * minute) {
    errors.push(invalid(path.child("expirationSeconds"), seconds, "may not specify a duration less than 10 minutes"));
  }
  if (seconds > 2 ** 32) {
    errors.push(
      invalid(path.child("expirationSeconds"), seconds, "may not specify a duration larger than 2^32 seconds"),
    );
  }
  const pathPath = shared.volume.child("path");
  if (token.path === "") errors.push(required(pathPath));
  else checkLocalNonReservedPath(token.path, pathPath, errors);
}

function checkTrustBundle(bundle: ClusterTrustBundleProjection, path: FieldPath, shared: Shared, errors: Errors): void {
  const { name, signerName } = bundle;
  if (name !== undefined && signerName !== undefined) {
    errors.push(invalid(path, bundle, "only one of name and signerName may be used"));
  } else if (name !== undefined) checkTrustBundleName(bundle, name, path, errors);
  else if (signerName !== undefined) {
    if (signerName === "") errors.push(required(path.child("signerName"), "must be a valid signer name"));
    checkSignerName(signerName, path.child("signerName"), errors);
    validateLabelSelector(bundle.labelSelector, path.child("labelSelector"), errors);
  } else errors.push(required(path, "either name or signerName must be specified"));
  checkRequired(bundle.path, path.child("path"), errors);
  checkLocalNonReservedPath(bundle.path, path.child("path"), errors);
  claim(shared, bundle.path, bundle.path, errors);
}

function checkTrustBundleName(
  bundle: ClusterTrustBundleProjection,
  name: string,
  path: FieldPath,
  errors: Errors,
): void {
  if (name === "") errors.push(required(path.child("name"), "must be a valid object name"));
  const colon = name.lastIndexOf(":");
  const signer = colon < 0 ? "" : name.slice(0, colon).replaceAll(":", "/");
  for (const message of trustBundleNameMessages(name, signer, false)) {
    errors.push(invalid(path.child("name"), name, `not a valid clustertrustbundlename: ${message}`));
  }
  if (bundle.labelSelector !== undefined) {
    errors.push(
      invalid(
        path.child("labelSelector"),
        shownSelector(bundle.labelSelector),
        "labelSelector must be unset if name is specified",
      ),
    );
  }
}

function checkPodCertificate(
  certificate: PodCertificateProjection,
  path: FieldPath,
  shared: Shared,
  errors: Errors,
): void {
  const { signerName = "", keyType = "", maxExpirationSeconds: seconds } = certificate;
  checkSignerName(signerName, path.child("signerName"), errors);
  if (!(keyTypes as readonly string[]).includes(keyType))
    errors.push(notSupported(path.child("keyType"), keyType, keyTypes));
  if (seconds !== undefined) {
    const max = signerName.startsWith("kubernetes.io/") ? kubernetesCertificateMax : certificateMax;
    const at = path.child("maxExpirationSeconds");
    if (seconds < hour) errors.push(invalid(at, seconds, `if provided, maxExpirationSeconds must be >= ${hour}`));
    if (seconds > max) errors.push(invalid(at, seconds, `if provided, maxExpirationSeconds must be <= ${max}`));
  }
  let count = 0;
  for (const field of ["credentialBundlePath", "keyPath", "certificateChainPath"] as const) {
    const value = certificate[field] ?? "";
    if (value === "") continue;
    count++;
    checkLocalNonReservedPath(value, path.child(field), errors);
    claim(shared, value, value, errors);
  }
  if (count > 0) return;
  errors.push(required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath"));
}
