export { startControlPlane, type TestControlPlane, type TestControlPlaneOptions } from "./control-plane.ts";
