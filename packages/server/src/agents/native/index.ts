export { createNativeBackend } from "./backend.ts";
export { createProviders, type Providers } from "./providers.ts";
