import type { Volume } from "../../../api/index.ts";
import {
  duplicate,
  type FieldPath,
  forbidden,
  invalid,
  isDns1123Label,
  isDns1123Subdomain,
  nameIsDnsSubdomain,
  notSupported,
  type ObjectMeta,
  parseQuantity,
  quote,
  required,
  tooLong,
  validateAnnotations,
  validateLabels,
} from "../../../apimachinery/index.ts";
import {
  addMessages,
  checkEach,
  checkFileMode,
  checkNoBacksteps,
  checkRelativePath,
  checkRequired,
  type Errors,
} from "./check.ts";
import { checkClaimSpec } from "./claim-spec.ts";
import { checkDownwardFile, checkKeyToPath } from "./key-to-path.ts";
import { legacyVolumes } from "./legacy-volumes.ts";
import { checkProjectedVolume } from "./projected-volume.ts";

/** What the rest of a pod may ask about its volumes. */
export type VolumesByName = ReadonlyMap<string, Volume>;

export interface VolumeRules {
  /** Only pods must name an image; templates may leave it to be filled in. */
  readonly isPod: boolean;
}

type Source = Readonly<Record<string, unknown>>;
type SourceCheck = (source: never, path: FieldPath, errors: Errors, context: Context) => void;

interface Context {
  readonly volume: Volume;
  readonly volumePath: FieldPath;
  readonly rules: VolumeRules;
}

const hostPathTypes = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];

/** By field, in upstream's order: with several sources every one after the first is refused. */
const sources: Readonly<Record<string, SourceCheck>> = {
  emptyDir: (source: NonNullable<Volume["emptyDir"]>, path, errors) => {
    if (source.sizeLimit !== undefined && parseQuantity(source.sizeLimit).sign < 0) {
      errors.push(forbidden(path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity"));
    }
  },
  hostPath: (source: NonNullable<Volume["hostPath"]>, path, errors) => {
    if (source.path === "") errors.push(required(path.child("path")));
    else checkNoBacksteps(source.path, path.child("path"), errors);
    if (source.type !== undefined && !hostPathTypes.includes(source.type)) {
      errors.push(notSupported(path.child("type"), source.type, hostPathTypes));
    }
  },
  gitRepo: (source: NonNullable<Volume["gitRepo"]>, path, errors) => {
    checkRequired(source.repository, path.child("repository"), errors);
    checkRelativePath(source.directory ?? "", path.child("directory"), errors);
  },
  gcePersistentDisk: legacyVolumes.gcePersistentDisk,
  awsElasticBlockStore: legacyVolumes.awsElasticBlockStore,
  secret: (source: NonNullable<Volume["secret"]>, path, errors) => {
    checkRequired(source.secretName, path.child("secretName"), errors);
    checkFileMode(source.defaultMode, path.child("defaultMode"), errors);
    checkEach(source.items, path.child("items"), errors, checkKeyToPath);
  },
  nfs: (source: NonNullable<Volume["nfs"]>, path, errors) => {
    checkRequired(source.server, path.child("server"), errors);
    checkRequired(source.path, path.child("path"), errors);
    if (!source.path.startsWith("/")) errors.push(invalid(path.child("path"), source.path, "must be an absolute path"));
  },
  iscsi: (source: NonNullable<Volume["iscsi"]>, path, errors, { volume, volumePath }) => {
    legacyVolumes.iscsi(source, path, errors);
    if (source.initiatorName === undefined || `${volume.name}:${source.targetPortal}`.length <= 64) return;
    const detail =
      "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";
    errors.push(invalid(volumePath.child("name"), volume.name, detail));
  },
  glusterfs: legacyVolumes.glusterfs,
  flocker: legacyVolumes.flocker,
  persistentVolumeClaim: (source: NonNullable<Volume["persistentVolumeClaim"]>, path, errors) =>
    checkRequired(source.claimName, path.child("claimName"), errors),
  rbd: legacyVolumes.rbd,
  cinder: legacyVolumes.cinder,
  cephfs: legacyVolumes.cephfs,
  quobyte: legacyVolumes.quobyte,
  downwardAPI: (source: NonNullable<Volume["downwardAPI"]>, path, errors) => {
    checkFileMode(source.defaultMode, path.child("defaultMode"), errors);
    for (const file of source.items ?? []) checkDownwardFile(file, path, errors);
  },
  fc: legacyVolumes.fc,
  flexVolume: legacyVolumes.flexVolume,
  configMap: (source: NonNullable<Volume["configMap"]>, path, errors) => {
    checkRequired(source.name, path.child("name"), errors);
    checkFileMode(source.defaultMode, path.child("defaultMode"), errors);
    checkEach(source.items, path.child("items"), errors, checkKeyToPath);
  },
  azureFile: legacyVolumes.azureFile,
  vsphereVolume: legacyVolumes.vsphereVolume,
  photonPersistentDisk: legacyVolumes.photonPersistentDisk,
  portworxVolume: legacyVolumes.portworxVolume,
  azureDisk: legacyVolumes.azureDisk,
  storageos: legacyVolumes.storageos,
  projected: checkProjectedVolume,
  scaleIO: legacyVolumes.scaleIO,
  csi: (source: NonNullable<Volume["csi"]>, path, errors) => {
    checkCsiDriverName(source.driver, path.child("driver"), errors);
    const { nodePublishSecretRef: secret } = source;
    if (secret === undefined) return;
    const { name = "" } = secret;
    if (name === "") errors.push(required(path.child("nodePublishSecretRef").child("name")));
    else addMessages(nameIsDnsSubdomain(name, false), name, path.child("name"), errors);
  },
  ephemeral: checkEphemeral,
  image: (source: NonNullable<Volume["image"]>, path, errors, { rules }) => {
    if (rules.isPod && (source.reference ?? "") === "") errors.push(required(path.child("reference")));
    checkPullPolicy(source.pullPolicy, path.child("pullPolicy"), errors);
  },
};

/** Sources that PersistentVolumes share with pods. */
export function checkSharedSource(field: string, source: unknown, path: FieldPath, errors: Errors): void {
  const check = sources[field] as ((source: unknown, path: FieldPath, errors: Errors) => void) | undefined;
  check?.(source, path, errors);
}

/** Paths that upstream spells differently from the field. */
const pathNames: Readonly<Record<string, string>> = { gcePersistentDisk: "persistentDisk" };
const refusedPathNames: Readonly<Record<string, string>> = { downwardAPI: "downwarAPI", cephfs: "cephFS" };

export function checkVolumes(
  volumes: readonly Volume[],
  podName: string,
  path: FieldPath,
  errors: Errors,
  rules: VolumeRules,
): VolumesByName {
  const byName = new Map<string, Volume>();
  const created = new Set(
    volumes.filter((volume) => volume.ephemeral !== undefined).map(({ name }) => `${podName}-${name}`),
  );
  volumes.forEach((volume, index) => {
    const at = path.index(index);
    const own: Errors = [];
    checkSources(volume, at, own, rules);
    if (volume.ephemeral !== undefined && podName !== "" && volume.name !== "")
      checkCreatedClaimName(volume, podName, at, own);
    if (volume.name === "") own.push(required(at.child("name")));
    else addMessages(isDns1123Label(volume.name), volume.name, at.child("name"), own);
    if (byName.has(volume.name)) own.push(duplicate(at.child("name"), volume.name));
    if (own.length === 0) byName.set(volume.name, volume);
    else errors.push(...own);
    const claimName = volume.persistentVolumeClaim?.claimName;
    if (podName !== "" && claimName !== undefined && created.has(claimName)) {
      const detail = "must not reference a PVC that gets created for an ephemeral volume";
      errors.push(invalid(at.child("persistentVolumeClaim").child("claimName"), claimName, detail));
    }
  });
  return byName;
}

function checkSources(volume: Volume, path: FieldPath, errors: Errors, rules: VolumeRules): void {
  const fields = volume as unknown as Source;
  let found = false;
  for (const field in sources) {
    const source = fields[field];
    if (source === undefined) continue;
    if (found) {
      errors.push(forbidden(path.child(refusedPathNames[field] ?? field), "may not specify more than 1 volume type"));
      continue;
    }
    found = true;
    const check = sources[field] as (source: unknown, path: FieldPath, errors: Errors, context: Context) => void;
    check(source, path.child(pathNames[field] ?? field), errors, { volume, volumePath: path, rules });
  }
  if (!found) errors.push(required(path, "must specify a volume type"));
}

function checkCreatedClaimName({ name }: Volume, podName: string, path: FieldPath, errors: Errors): void {
  const claimName = `${podName}-${name}`;
  for (const message of nameIsDnsSubdomain(claimName, false)) {
    errors.push(invalid(path.child("name"), name, `PVC name ${quote(claimName)}: ${message}`));
  }
}

function checkEphemeral(source: NonNullable<Volume["ephemeral"]>, path: FieldPath, errors: Errors): void {
  const template = source.volumeClaimTemplate;
  const at = path.child("volumeClaimTemplate");
  if (template === undefined) {
    errors.push(required(at));
    return;
  }
  checkTemplateMeta(template.metadata ?? {}, at.child("metadata"), errors);
  checkClaimSpec(template.spec, at.child("spec"), errors);
}

/** Templates of claims may have labels and annotations, and nothing else. */
export function checkTemplateMeta(meta: ObjectMeta, path: FieldPath, errors: Errors): void {
  validateAnnotations(meta.annotations ?? {}, path.child("annotations"), errors);
  validateLabels(meta.labels ?? {}, path.child("labels"), errors);
  for (const field in meta) {
    if (field === "labels" || field === "annotations" || (meta as Source)[field] === null) continue;
    // Upstream makes the path of the name in Go.
    errors.push(forbidden(path.child(field === "uid" ? "uID" : field), "cannot be set"));
  }
}

export function checkCsiDriverName(name: string, path: FieldPath, errors: Errors): void {
  if (name === "") {
    errors.push(required(path));
    return;
  }
  if (name.length > 63) errors.push(tooLong(path, 63));
  addMessages(isDns1123Subdomain(name.toLowerCase()), name, path, errors);
}

const pullPolicies = ["Always", "IfNotPresent", "Never"];

export function checkPullPolicy(policy: string | undefined, path: FieldPath, errors: Errors): void {
  if (policy === undefined || policy === "") errors.push(required(path));
  else if (!pullPolicies.includes(policy)) errors.push(notSupported(path, policy, pullPolicies));
}
