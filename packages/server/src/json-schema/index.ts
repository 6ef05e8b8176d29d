export { createJsonSchemas, type JsonSchemas, type Verdict } from "./json-schemas.ts";
