import { type GroupVersionFacts, metaFacts } from "../apimachinery/index.ts";
import admissionV1 from "./admission/v1/facts.json" with { type: "json" };
import admissionregistrationV1 from "./admissionregistration/v1/facts.json" with { type: "json" };
import apidiscoveryV2 from "./apidiscovery/v2/facts.json" with { type: "json" };
import apiextensionsV1 from "./apiextensions/v1/facts.json" with { type: "json" };
import apiregistrationV1 from "./apiregistration/v1/facts.json" with { type: "json" };
import appsV1 from "./apps/v1/facts.json" with { type: "json" };
import authenticationV1 from "./authentication/v1/facts.json" with { type: "json" };
import authorizationV1 from "./authorization/v1/facts.json" with { type: "json" };
import autoscalingV1 from "./autoscaling/v1/facts.json" with { type: "json" };
import autoscalingV2 from "./autoscaling/v2/facts.json" with { type: "json" };
import batchV1 from "./batch/v1/facts.json" with { type: "json" };
import certificatesV1 from "./certificates/v1/facts.json" with { type: "json" };
import coordinationV1 from "./coordination/v1/facts.json" with { type: "json" };
import coreV1 from "./core/v1/facts.json" with { type: "json" };
import discoveryV1 from "./discovery/v1/facts.json" with { type: "json" };
import eventsV1 from "./events/v1/facts.json" with { type: "json" };
import flowcontrolV1 from "./flowcontrol/v1/facts.json" with { type: "json" };
import networkingV1 from "./networking/v1/facts.json" with { type: "json" };
import nodeV1 from "./node/v1/facts.json" with { type: "json" };
import policyV1 from "./policy/v1/facts.json" with { type: "json" };
import rbacV1 from "./rbac/v1/facts.json" with { type: "json" };
import resourceV1 from "./resource/v1/facts.json" with { type: "json" };
import schedulingV1 from "./scheduling/v1/facts.json" with { type: "json" };
import storageV1 from "./storage/v1/facts.json" with { type: "json" };

/**
 * Every group version there is, by its folder, in the order in which upstream's discovery lists groups (by the
 * priority of their APIService) and versions (the preferred one first).
 */
export const groupVersions: ReadonlyMap<string, GroupVersionFacts> = new Map<string, GroupVersionFacts>([
  ["core/v1", facts(coreV1)],
  ["apiregistration/v1", facts(apiregistrationV1)],
  ["apps/v1", facts(appsV1)],
  ["events/v1", facts(eventsV1)],
  ["authentication/v1", facts(authenticationV1)],
  ["authorization/v1", facts(authorizationV1)],
  ["autoscaling/v2", facts(autoscalingV2)],
  ["autoscaling/v1", facts(autoscalingV1)],
  ["batch/v1", facts(batchV1)],
  ["certificates/v1", facts(certificatesV1)],
  ["networking/v1", facts(networkingV1)],
  ["policy/v1", facts(policyV1)],
  ["rbac/v1", facts(rbacV1)],
  ["storage/v1", facts(storageV1)],
  ["admissionregistration/v1", facts(admissionregistrationV1)],
  ["apiextensions/v1", facts(apiextensionsV1)],
  ["scheduling/v1", facts(schedulingV1)],
  ["coordination/v1", facts(coordinationV1)],
  ["node/v1", facts(nodeV1)],
  ["discovery/v1", facts(discoveryV1)],
  ["resource/v1", facts(resourceV1)],
  ["flowcontrol/v1", facts(flowcontrolV1)],
  ["admission/v1", facts(admissionV1)],
  ["apidiscovery/v2", facts(apidiscoveryV2)],
  ["meta/v1", metaFacts],
]);

/** What the importer of JSON infers is too wide for the literal types of facts. */
function facts(json: unknown): GroupVersionFacts {
  return json as GroupVersionFacts;
}
