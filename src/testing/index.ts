export * from "./control-plane.ts";
export { type HttpsReceiver, type ReceivedRequest, startHttpsReceiver, webhookKubeconfig } from "./https-receiver.ts";
