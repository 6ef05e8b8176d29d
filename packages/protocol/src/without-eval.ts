/**
 * A page's policy forbids code made of text (I-6). Zod tries it once when the first schema is made, and the try alone is reported as a violation: in a
 * page it is told not to. Stands before every schema, so it is the first that the door of this package imports.
 */
import { config } from "zod";

if ("document" in globalThis) config({ jitless: true });
