export { makeTitle, titleOf, wordsForTitle } from "./title.ts";
