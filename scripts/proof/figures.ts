/** What the long runs found, cut down to what the page of proofs shows. Each is made of the report that its command writes. */
import { z } from "zod";

const counts = z.record(z.string(), z.number());

export const figuresSchema = z.object({
  torture: z.array(
    z.object({
      seed: z.string(),
      kills: z.number(),
      lives: z.number(),
      withAgents: z.number(),
      endedAt: z.string(),
      phases: counts,
      checked: counts,
      /** What Holdfast's own agent did, where it was in the script. */
      native: counts.optional(),
      violations: z.number(),
    }),
  ),
  powerLoss: z.array(
    z.object({
      synchronous: z.string(),
      images: z.number(),
      operations: z.number(),
      syncs: z.number(),
      frames: z.number(),
      broken: z.number(),
    }),
  ),
  sabotage: z.object({ total: z.number(), caught: z.number(), names: z.array(z.string()) }).optional(),
  faults: z.object({ points: z.number(), tried: z.number(), violations: z.number() }).optional(),
  hostile: z
    .object({ cases: z.number(), missed: z.number(), slowestMs: z.number(), peakMib: z.number() })
    .optional(),
  fuzz: z
    .object({
      requests: z.number(),
      turns: z.number(),
      wrong: z.number(),
      slowestMs: z.number(),
      peakMib: z.number(),
    })
    .optional(),
  bench: z.array(z.string()),
});
export type Figures = z.infer<typeof figuresSchema>;

export const NO_FIGURES: Figures = { torture: [], powerLoss: [], bench: [] };
