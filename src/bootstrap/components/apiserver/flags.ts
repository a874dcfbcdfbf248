import { defaultPlugins, pluginNames } from "../../../apiserver/index.ts";
import { featureGateFlags, type FlagGroups, type FlagValues, flag, logFlags } from "../../../component/index.ts";
import { auditFlags } from "./audit-flags.ts";
import { authorizationFlags } from "./authorization-flags.ts";
import { tokenFlags } from "./token-flags.ts";

const generic = {
  "advertise-address": flag.text({
    usage: "The IP address on which to advertise the apiserver to members of the cluster. Default: --bind-address.",
  }),
  "external-hostname": flag.text({ usage: "Accepted: URLs are made from what clients ask for." }),
  "cors-allowed-origins": flag.textList({
    usage: "Origins whose scripts may read answers, as regular expressions such as //example\\.com(:|$).",
  }),
  "goaway-chance": flag.number({
    usage: "Chance that an HTTP/2 client is sent a GOAWAY, so that clients spread over servers; 0 to 0.02.",
  }),
  "max-mutating-requests-inflight": flag.integer({
    usage: "Mutating requests at the same time; with --max-requests-inflight the seats of priority and fairness.",
    default: 200,
  }),
  "max-requests-inflight": flag.integer({
    usage:
      "Reading requests at the same time; with --max-mutating-requests-inflight the seats of priority and fairness.",
    default: 400,
  }),
  "enable-priority-and-fairness": flag.boolean({
    usage: "If true, order requests by priority levels and flow schemas instead of by two plain limits.",
    default: true,
  }),
  "min-request-timeout": flag.integer({
    usage: "Seconds that a watch lasts at least; each takes between this and twice this.",
    default: 1800,
  }),
  "request-timeout": flag.duration({ usage: "How long a request may take that is no watch.", default: 60_000 }),
  "shutdown-delay-duration": flag.duration({
    usage: "How long the server goes on answering, not ready any more, after it was told to end.",
  }),
  "shutdown-send-retry-after": flag.boolean({
    usage: "Accepted: while the server ends, new requests are told to come again (429 with Retry-After).",
  }),
  "shutdown-watch-termination-grace-period": flag.duration({
    usage: "Accepted: watches are ended, not cut, when the server ends.",
  }),
  ...featureGateFlags,
};

const etcd = {
  "etcd-servers": flag.textList({ usage: "List of etcd servers to connect with (scheme://ip:port), comma separated." }),
  "etcd-cafile": flag.text({ usage: "SSL Certificate Authority file used to secure etcd communication." }),
  "etcd-certfile": flag.text({ usage: "SSL certification file used to secure etcd communication." }),
  "etcd-keyfile": flag.text({ usage: "SSL key file used to secure etcd communication." }),
  "etcd-compaction-interval": flag.duration({
    usage: "The interval of compaction requests. If 0, the compaction request from apiserver is disabled.",
    default: 300_000,
  }),
  "storage-media-type": flag.text({
    usage: "Accepted: what is written is JSON, what is read may be either.",
    default: "application/vnd.kubernetes.protobuf",
  }),
};

const serving = {
  "bind-address": flag.text({ usage: "The IP address on which to listen for --secure-port.", default: "0.0.0.0" }),
  "secure-port": flag.integer({ usage: "The port on which to serve HTTPS. It cannot be 0.", default: 6443 }),
  "tls-cert-file": flag.text({ usage: "File containing the x509 certificate for HTTPS, with its chain." }),
  "tls-private-key-file": flag.text({ usage: "File containing the x509 private key matching --tls-cert-file." }),
  "cert-dir": flag.text({
    usage: "Where a self-signed certificate is made when --tls-cert-file is not given.",
    default: "/var/run/kubernetes",
  }),
};

const authentication = {
  "anonymous-auth": flag.boolean({
    usage: "Lets requests without credentials through as system:anonymous.",
    default: true,
  }),
  "client-ca-file": flag.text({ usage: "Clients with a certificate of one of these authorities are authenticated." }),
  "token-auth-file": flag.text({ usage: "File of static tokens: token,user,uid,groups." }),
  "enable-bootstrap-token-auth": flag.boolean({
    usage: "Lets Secrets of type bootstrap.kubernetes.io/token authenticate.",
  }),
  "api-audiences": flag.textList({ usage: "Identifiers of the API; default the first --service-account-issuer." }),
  "service-account-issuer": flag.textArray({
    usage: "Issuer of service account tokens; the first signs, all are accepted.",
  }),
  "service-account-key-file": flag.textArray({
    usage: "File of public or private keys that check service account tokens.",
  }),
  "service-account-signing-key-file": flag.text({
    usage: "File of the private key that signs service account tokens.",
  }),
  "service-account-lookup": flag.boolean({
    usage: "Accepted: service account tokens are always checked against the objects.",
    default: true,
  }),
  ...tokenFlags,
  "requestheader-client-ca-file": flag.text({ usage: "Authority of proxies that vouch for their users." }),
  "requestheader-allowed-names": flag.textList({ usage: "Common names of such proxies; empty for any." }),
  "requestheader-username-headers": flag.textList({ usage: "Headers to inspect for usernames." }),
  "requestheader-group-headers": flag.textList({ usage: "Headers to inspect for groups." }),
  "requestheader-uid-headers": flag.textList({ usage: "Headers to inspect for UIDs." }),
  "requestheader-extra-headers-prefix": flag.textList({ usage: "Prefixes of headers with more about the user." }),
};

const enablement = {
  "runtime-config": flag.map({
    usage:
      "Key=value pairs that turn APIs on or off: api/all, api/ga, api/beta, <group>/<version>, or with a resource.",
  }),
};

const listed = [...pluginNames].toSorted().join(", ");
const admission = {
  "admission-control": flag.textList({
    usage: `Admission plugins to run instead of those that are on by default, of: ${listed}. (DEPRECATED: Use --enable-admission-plugins or --disable-admission-plugins instead.)`,
  }),
  "enable-admission-plugins": flag.textList({
    usage: `Admission plugins to enable beside those that are on by default (${defaultPlugins.join(", ")}), of: ${listed}.`,
  }),
  "default-not-ready-toleration-seconds": flag.integer({
    usage: "How long pods that say nothing of it stay on a node that is not ready.",
    default: 300,
  }),
  "default-unreachable-toleration-seconds": flag.integer({
    usage: "How long pods that say nothing of it stay on a node that cannot be reached.",
    default: 300,
  }),
  "admission-control-config-file": flag.text({
    usage: "File with an AdmissionConfiguration: what plugins are configured with.",
  }),
  "disable-admission-plugins": flag.textList({
    usage: `Admission plugins to disable although they are on by default, of: ${listed}.`,
  }),
};

const other = {
  "allow-privileged": flag.boolean({ usage: "Accepted: what pods may do is decided by admission." }),
  "service-cluster-ip-range": flag.text({
    usage: "CIDR ranges of Services, at most one of each family.",
    default: "10.0.0.0/24",
  }),
  "service-node-port-range": flag.text({ usage: "Ports of NodePort Services: 30000-32767.", default: "30000-32767" }),
  "kubelet-certificate-authority": flag.text({ usage: "Authority of the kubelets' serving certificates." }),
  "kubelet-client-certificate": flag.text({ usage: "Client certificate for kubelets." }),
  "kubelet-client-key": flag.text({ usage: "Client key for kubelets." }),
  "kubelet-preferred-address-types": flag.textList({
    usage: "Accepted: the node's InternalIP comes first, then its Hostname.",
    default: ["Hostname", "InternalDNS", "InternalIP", "ExternalDNS", "ExternalIP"],
  }),
  "proxy-client-cert-file": flag.text({ usage: "Client certificate for aggregated API servers." }),
  "proxy-client-key-file": flag.text({ usage: "Client key for aggregated API servers." }),
  "endpoint-reconciler-type": flag.text({
    usage: "How the endpoints of the Service kubernetes are kept: lease (all servers), or master-count (this one).",
    default: "lease",
  }),
  "enable-aggregator-routing": flag.boolean({
    usage: "Reach Services of aggregated API servers and webhooks by their endpoints, not by their cluster IPs.",
  }),
};

const global = { help: flag.boolean({ usage: "help for apiserver", shorthand: "h" }) };

export const flagGroups = {
  Generic: generic,
  Etcd: etcd,
  "Secure serving": serving,
  Auditing: auditFlags,
  Authentication: authentication,
  Authorization: authorizationFlags,
  "API enablement": enablement,
  Admission: admission,
  Misc: other,
  Logs: logFlags,
  Global: global,
} satisfies FlagGroups;

export const apiserverFlags = {
  ...generic,
  ...etcd,
  ...serving,
  ...auditFlags,
  ...authentication,
  ...authorizationFlags,
  ...enablement,
  ...admission,
  ...other,
  ...logFlags,
  ...global,
};

export type ApiserverFlags = FlagValues<typeof apiserverFlags>;
