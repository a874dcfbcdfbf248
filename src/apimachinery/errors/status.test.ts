import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldPath, invalid, required } from "../validation/index.ts";
import { newGenericServerResponse } from "./generic-server-response.ts";
import * as status from "./status.ts";

const pods = { group: "", resource: "pods" };
const deployments = { group: "apps", resource: "deployments" };

const messages: readonly (readonly [string, { message: string; code: number; reason: string }, number, string])[] = [
  ['pods "x" not found', status.newNotFound(pods, "x"), 404, "NotFound"],
  ['deployments.apps "x" already exists', status.newAlreadyExists(deployments, "x"), 409, "AlreadyExists"],
  [
    'Operation cannot be fulfilled on pods "x": the object has been modified; please apply your changes to the latest version and try again',
    status.newConflict(pods, "x", status.optimisticLockMessage),
    409,
    "Conflict",
  ],
  ['pods "x" is forbidden: no', status.newForbidden(pods, "x", "no"), 403, "Forbidden"],
  ["pods is forbidden: no", status.newForbidden(pods, "", "no"), 403, "Forbidden"],
  ["not authorized", status.newUnauthorized(""), 401, "Unauthorized"],
  [
    'patch is not supported on resources of kind "pods"',
    status.newMethodNotSupported(pods, "patch"),
    405,
    "MethodNotAllowed",
  ],
  ["Internal error occurred: boom", status.newInternalError("boom"), 500, "InternalError"],
  ["Timeout: slow", status.newTimeout("slow", 0), 504, "Timeout"],
  ["old", status.newResourceExpired("old"), 410, "Expired"],
];
for (const [message, error, code, reason] of messages) {
  test(message, () => assert.deepEqual([error.message, error.code, error.reason], [message, code, reason]));
}

test("one field error stands alone", () => {
  const image = fieldPath("spec").child("containers").index(0).child("image");
  const error = status.newInvalid({ group: "", kind: "Pod" }, "x", [required(image)]);
  assert.equal(error.message, 'Pod "x" is invalid: spec.containers[0].image: Required value');
  assert.deepEqual(error.status.details, {
    name: "x",
    kind: "Pod",
    causes: [{ reason: "FieldValueRequired", message: "Required value", field: "spec.containers[0].image" }],
  });
});

test("several field errors stand in brackets, each once", () => {
  const errors = [
    invalid("a", "x<y", "no"),
    required("b", "why"),
    required("b", "why"),
    invalid("c", { d: "<" }, "no"),
    invalid("e", 1, ""),
  ];
  assert.equal(
    status.newInvalid({ group: "apps", kind: "Deployment" }, "x", errors).message,
    'Deployment.apps "x" is invalid: [a: Invalid value: "x<y": no, b: Required value: why, c: Invalid value: {"d":"\\u003c"}: no, e: Invalid value: 1]',
  );
});

test("a response that is no Status becomes one", () => {
  const error = newGenericServerResponse({
    code: 503,
    verb: "GET",
    resource: pods,
    name: "x",
    serverMessage: "down",
    retryAfterSeconds: 1,
    isUnexpected: true,
  });
  assert.equal(error.message, "the server is currently unable to handle the request (get pods x)");
  assert.equal(error.status.details?.retryAfterSeconds, 1);
});
