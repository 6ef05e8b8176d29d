import type { z } from "zod";

/** What is told of a route beside what it does. */
export type RouteFacts = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** `:name` stands for one segment. */
  path: string;
  /** Unique among the routes; that of the method where it is one. */
  name: string;
  summary: string;
  /** What the bearer has to be of; `none` where nobody is asked. */
  bearer: "none" | "ref" | "publishKey" | "anyOfThem";
  query?: z.ZodType;
  /** JSON of this shape, or bytes of a type. */
  body?: { schema: z.ZodType } | { type: string };
  answer: {
    status: number;
    description: string;
    /** JSON of this shape; else `type`, or nothing. */
    schema?: z.ZodType;
    type?: string;
  };
};
