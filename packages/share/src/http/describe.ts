/** The OpenAPI 3.1 document of the service (I-1), made of the table of its routes: no word of it is written twice. */
import { problemSchema } from "@holdfast/protocol";
import { z } from "zod";
import type { RouteFacts } from "./route-facts.ts";

type Json = Record<string, unknown>;

const BEARERS: Readonly<Record<RouteFacts["bearer"], string>> = {
  none: "Needs no bearer.",
  ref: "Bearer: the secret of a ref with the right for it.",
  publishKey: "Bearer: a publish key of the service.",
  anyOfThem:
    "Bearer: the secret of a ref with the right for it, or the publish key that the share was made with.",
};

/** Schemas with an id stand once, in the components. What goes out is told as what may come in: members may be added to it. */
class Components {
  readonly schemas: Record<string, unknown> = {};

  add(schema: z.ZodType): Json {
    const {
      $schema: _,
      $defs = {},
      ...shape
    } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Json & {
      $defs?: Record<string, Json>;
    };
    for (const [id, json] of Object.entries($defs)) this.schemas[id] ??= inComponents(json);
    return inComponents(shape) as Json;
  }
}

/** With each reference leading to the components. */
function inComponents(json: unknown): unknown {
  if (Array.isArray(json)) return json.map((item) => inComponents(item));
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) =>
      name === "$ref" && typeof value === "string"
        ? [name, value.replace("#/$defs/", "#/components/schemas/")]
        : [name, inComponents(value)],
    ),
  );
}

export function documentOf(routes: readonly RouteFacts[], version: string): Json {
  const components = new Components();
  const problem = {
    description: "A problem",
    content: { "application/problem+json": { schema: components.add(problemSchema) } },
  };
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    paths[path] = {
      ...paths[path],
      [route.method.toLowerCase()]: operationOf(route, components, problem),
    };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Holdfast share service",
      version,
      description:
        "Keeps published sessions and serves their readers. Errors are problem documents with a stable code.",
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: components.schemas,
    },
  };
}

function operationOf(route: RouteFacts, components: Components, problem: Json): Json {
  const { name, summary, bearer, body, answer } = route;
  const parameters = [...pathParameters(route.path), ...queryParameters(route, components)];
  const content =
    answer.schema === undefined
      ? answer.type && { [answer.type]: { schema: { type: "string" } } }
      : { [answer.type ?? "application/json"]: { schema: components.add(answer.schema) } };
  return {
    operationId: name,
    summary,
    description: BEARERS[bearer],
    ...(bearer === "none" ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: contentOf(body, components) } }),
    responses: {
      [answer.status]: { description: answer.description, ...(content ? { content } : {}) },
      default: problem,
    },
  };
}

const contentOf = (body: NonNullable<RouteFacts["body"]>, components: Components): Json =>
  "schema" in body
    ? { "application/json": { schema: components.add(body.schema) } }
    : { [body.type]: { schema: { type: "string", format: "binary" } } };

const pathParameters = (path: string): Json[] =>
  [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    in: "path",
    name,
    required: true,
    schema: { type: "string" },
  }));

function queryParameters({ query }: RouteFacts, components: Components): Json[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = components.add(query) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    in: "query",
    name,
    required: required.includes(name),
    schema,
  }));
}
