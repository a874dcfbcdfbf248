import { type Container, containersOf, type Pod, type ServiceAccount, type Volume } from "../../../api/index.ts";
import type { Clock, Random } from "../../../base/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../contract.ts";
import type { ClusterObjects } from "../objects.ts";
import { isResource, refuse } from "../refuse.ts";
import { limitSecrets } from "./mountable-secrets.ts";

const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const tokenVolumePrefix = "kube-api-access-";
const tokenSeconds = 3607;
const suffixLetters = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const mirrorAnnotation = "kubernetes.io/config.mirror";
/** A service account is made just after its namespace: wait a little for it. */
const attempts = 10;
const pauseMs = 50;

export interface ServiceAccountAdmissionOptions {
  readonly objects: ClusterObjects;
  readonly clock: Clock;
  readonly random: Random;
}

/** Gives every pod a service account and, unless it declines, a token for it. */
export function serviceAccount({ objects, clock, random }: ServiceAccountAdmissionOptions): AdmissionPlugin {
  return {
    name: "ServiceAccount",
    handles: (operation, resource, subresource) =>
      isResource(resource, "", "pods") &&
      (operation === "CREATE" ? subresource === "" : operation === "UPDATE" && subresource === "ephemeralcontainers"),
    async admit(attributes) {
      const pod = attributes.object as Pod;
      if (attributes.operation !== "CREATE" || pod.spec === undefined || isMirror(pod)) return;
      const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || "default";
      pod.spec.serviceAccountName = name;
      const account = await known(attributes, name);
      pod.spec.serviceAccount = name;
      limitSecrets(attributes, account, pod);
      if (mounts(account, pod)) mountToken(pod, random);
      if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
        pod.spec.imagePullSecrets = account.imagePullSecrets.map((reference) => ({ ...reference }));
      }
    },
    async validate(attributes) {
      const pod = attributes.object as Pod;
      if (pod.spec === undefined) return;
      if (isMirror(pod)) return checkMirror(attributes, pod);
      const name = pod.spec.serviceAccountName ?? "";
      if (name === "") {
        const called = `${attributes.namespace}/${attributes.name}`;
        throw refuse(attributes, `no service account specified for pod ${called}`);
      }
      // Other plug-ins, and webhooks, may have chosen another since.
      limitSecrets(attributes, await known(attributes, name), pod);
    },
  };

  async function known(attributes: AdmissionAttributes, name: string): Promise<ServiceAccount> {
    const account = await find(attributes.namespace, name);
    if (account !== undefined) return account;
    const called = `${attributes.namespace}/${name}`;
    throw refuse(
      attributes,
      `error looking up service account ${called}: serviceaccount ${JSON.stringify(name)} not found`,
    );
  }

  async function find(namespace: string, name: string): Promise<ServiceAccount | undefined> {
    const found = objects.get<ServiceAccount>("", "serviceaccounts", namespace, name);
    if (found !== undefined) return found;
    const tries = name === "default" ? attempts : 1;
    for (let attempt = 1; ; attempt++) {
      const fresh = await objects.getFresh<ServiceAccount>("", "serviceaccounts", namespace, name);
      if (fresh !== undefined || attempt >= tries) return fresh;
      await clock.sleep(pauseMs);
    }
  }
}

function isMirror(pod: Pod): boolean {
  return pod.metadata.annotations?.[mirrorAnnotation] !== undefined;
}

/** They run without the API server, and must not be able to ask it for anything. */
function checkMirror(attributes: AdmissionAttributes, pod: Pod): void {
  if (pod.spec?.serviceAccountName) throw refuse(attributes, "a mirror pod may not reference service accounts");
  if (usesSecrets(pod)) throw refuse(attributes, "a mirror pod may not reference secrets");
  const tokens = (pod.spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  if (tokens.some(({ serviceAccountToken }) => serviceAccountToken !== undefined))
    throw refuse(attributes, "a mirror pod may not use ServiceAccountToken volume projections");
}

function usesSecrets(pod: Pod): boolean {
  const volumes = pod.spec?.volumes ?? [];
  return (
    (pod.spec?.imagePullSecrets ?? []).length > 0 ||
    volumes.some(({ secret, projected }) => secret !== undefined || projected?.sources?.some((one) => one.secret)) ||
    containersOf(pod.spec).some(
      ({ env, envFrom }) =>
        envFrom?.some(({ secretRef }) => secretRef) || env?.some(({ valueFrom }) => valueFrom?.secretKeyRef),
    )
  );
}

/** The pod decides, then its account; both are for it unless they say no. */
function mounts(account: ServiceAccount, pod: Pod): boolean {
  return pod.spec?.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;
}

function mountToken(pod: Pod, random: Random): void {
  const { spec } = pod;
  if (spec === undefined) return;
  const existing = spec.volumes?.find(({ name }) => name.startsWith(tokenVolumePrefix))?.name;
  const volume = existing ?? `${tokenVolumePrefix}${suffix(random)}`;
  let needed = false;
  const mount = (container: Container): void => {
    if (container.volumeMounts?.some((existingMount) => existingMount.mountPath === mountPath)) return;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: volume, readOnly: true, mountPath }];
    needed = true;
  };
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) mount(container);
  if (needed && existing === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(volume)];
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        {
          downwardAPI: {
            items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
          },
        },
      ],
    },
  };
}

function suffix(random: Random): string {
  let text = "";
  for (let index = 0; index < suffixLength; index++) {
    text += suffixLetters[Math.floor(random.next() * suffixLetters.length)];
  }
  return text;
}
