import { problemSchema } from "@holdfast/protocol";
import { Hono, type MiddlewareHandler } from "hono";
import { describeRoute, generateSpecs, resolver } from "hono-openapi";
import { z } from "zod";
import { isOpen } from "./authorize.ts";
import type { Answer, Route } from "./route.ts";

type Description = Parameters<typeof describeRoute>[0];
type Parameter = Exclude<NonNullable<Description["parameters"]>[number], { $ref: string }>;

const IDEMPOTENCY_KEY: Parameter = {
  in: "header",
  name: "Idempotency-Key",
  description: "A repeated request with the same key and body gets the first one's answer.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

/** The OpenAPI description of a route, from its schemas (I-1). */
export function describe(route: Route): MiddlewareHandler {
  const description: Description = {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    parameters: [
      ...parametersOf(route.params, "path"),
      ...parametersOf(route.query, "query"),
      ...(route.method === "POST" ? [IDEMPOTENCY_KEY] : []),
    ],
    responses: {
      ...Object.fromEntries(
        Object.entries(route.answers).map(([status, shown]) => [status, response(shown)]),
      ),
      default: response({
        description: "A problem",
        schema: problemSchema,
        type: "application/problem+json",
      }),
    },
  };
  if (isOpen(route.action)) description.security = [];
  if (route.body !== undefined)
    description.requestBody = {
      required: !route.body.safeParse(undefined).success,
      content: { "application/json": { schema: resolver(route.body) } },
    };
  return describeRoute(description);
}

/** The OpenAPI 3.1 document of a table of routes. */
export async function documentOf(
  routes: readonly Route[],
  version: string,
): Promise<Record<string, unknown>> {
  const app = new Hono();
  for (const route of routes)
    app.on(route.method, route.path, describe(route), (context) => context.body(null));
  const document = await generateSpecs(app, {
    excludeStaticFile: false,
    documentation: {
      info: {
        title: "Holdfast",
        version,
        description: "A session server for coding agents. Errors are problem documents with a stable code.",
      },
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    },
  });
  return document;
}

/** `GET /api/sessions/:id/inputs` is `getSessionsInputs` by id. */
function operationId(route: Route): string {
  const words = route.path.replace("/api/", "").split("/");
  const name = words.map((word) =>
    word.startsWith(":")
      ? `By${capital(word.slice(1))}`
      : capital(word.replace(/\W+(\w)/g, (_, letter: string) => letter.toUpperCase())),
  );
  return route.method.toLowerCase() + name.join("");
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function response({ description, schema, type }: Answer) {
  if (schema === undefined && type === undefined) return { description };
  const media = schema === undefined ? { schema: { type: "string" as const } } : { schema: resolver(schema) };
  return { description, content: { [type ?? "application/json"]: media } };
}

function parametersOf(schema: z.ZodType | undefined, place: "path" | "query"): Parameter[] {
  if (schema === undefined) return [];
  const shape = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return Object.entries(shape.properties ?? {}).map(([name, property]) => ({
    in: place,
    name,
    required: place === "path" || (shape.required ?? []).includes(name),
    schema: property as NonNullable<Parameter["schema"]>,
  }));
}
