export { makeTitle, wordsForTitle } from "./title.ts";
