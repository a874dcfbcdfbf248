import { createHmac } from "node:crypto";
import type { ConfigMap, Secret } from "../../api/index.ts";
import { informerOf, kinds } from "../../client/index.ts";
import { Controller, isSemanticallyEqual } from "../../reconcile/index.ts";
import type { ControllerDescriptor } from "../descriptor.ts";
import { signingToken, tokenNamespace } from "./tokens.ts";

const name = "bootstrap-signer-controller";
const mapNamespace = "kube-public";
const mapName = "cluster-info";
const kubeconfigKey = "kubeconfig";
const signaturePrefix = "jws-kubeconfig-";

/** Signs the public kubeconfig with every bootstrap token, so that who joins can tell the right cluster. */
export const bootstrapSignerController: ControllerDescriptor = {
  name,
  disabledByDefault: true,
  serviceAccount: "bootstrap-signer",
  create({ client, clock, informers, log, metrics }) {
    const maps = informerOf(informers, kinds.configmaps);
    const secrets = informerOf(informers, kinds.secrets);
    const reconcile = async (): Promise<void> => {
      const map = maps.lister.get(`${mapNamespace}/${mapName}`);
      const content = map?.data?.[kubeconfigKey];
      if (map === undefined || content === undefined) return;
      const kept = Object.entries(map.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
      const data = {
        ...Object.fromEntries(kept),
        ...signatures(content, secrets.lister.listNamespace(tokenNamespace), clock.now()),
      };
      if (isSemanticallyEqual(data, map.data)) return;
      await client
        .resource<ConfigMap>(kinds.configmaps)
        .namespace(mapNamespace)
        .update({ ...map, data });
    };
    const isTheMap = ({ metadata }: ConfigMap): boolean =>
      metadata.namespace === mapNamespace && metadata.name === mapName;
    const isToken = ({ metadata }: Secret): boolean =>
      metadata.namespace === tokenNamespace && metadata.name?.startsWith("bootstrap-token-") === true;
    return new Controller({ name, clock, log, metrics, workers: 1, reconciler: { reconcile } })
      .watch(maps, (map) => (isTheMap(map) ? [mapName] : []))
      .watch(secrets, (secret) => (isToken(secret) ? [mapName] : []));
  },
};

function signatures(content: string, secrets: Iterable<Secret>, nowMs: number): Record<string, string> {
  const found: Record<string, string> = {};
  for (const secret of secrets) {
    const token = signingToken(secret, nowMs);
    if (token !== undefined) found[`${signaturePrefix}${token.id}`] = detachedSignature(content, token);
  }
  return found;
}

/** A JWS (RFC 7515) by HMAC, with the payload left out: it stands beside it. */
function detachedSignature(content: string, token: { readonly id: string; readonly secret: string }): string {
  const header = Buffer.from(JSON.stringify({ alg: "HS256", kid: token.id })).toString("base64url");
  const payload = Buffer.from(content).toString("base64url");
  const signature = createHmac("sha256", `${token.id}.${token.secret}`)
    .update(`${header}.${payload}`)
    .digest("base64url");
  return `${header}..${signature}`;
}
