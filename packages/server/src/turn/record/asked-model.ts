import type { Model } from "@holdfast/protocol";
import type { AnswerPatch } from "../../store/index.ts";

/** The model that a turn asks for, and what the agent was put to for it: another one that answers shows. */
export class AskedModel {
  readonly #asked: Model | undefined;
  #expected: Model | undefined;

  constructor(asked: Model | undefined) {
    this.#asked = asked;
  }

  /** What `configure` made of it, as the agent calls it. */
  expect(model: Model | undefined): void {
    this.#expected = model;
  }

  /** What an answer says when this model gives it, as the agent calls it. */
  answeredBy(model: Model): AnswerPatch {
    const isOther = this.#expected !== undefined && !isSame(model, this.#expected);
    return { model, askedModel: isOther ? (this.#asked ?? null) : null };
  }
}

/** A provider or variant that one of them leaves open matches. */
const isSame = (one: Model, other: Model): boolean =>
  one.modelId === other.modelId &&
  (["providerId", "variant"] as const).every(
    (field) => one[field] === undefined || other[field] === undefined || one[field] === other[field],
  );
