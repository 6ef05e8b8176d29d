/** How a projection says the texts of a row: through this and in no other way (S-17). */

/**
 * - `grows`: more will come at its end, so only what is settled is said.
 * - `isSecret`: the name of its field says that it is a secret as a whole.
 */
export type Manner = { grows?: boolean; isSecret?: boolean };
export type Tell = (text: string, manner?: Manner) => string;
