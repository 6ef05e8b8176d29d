/** What the share service asks of the renderer: one page as a whole document (S-12). What is in it comes from publishers, and is trusted in nothing. */
import type { Comment, PublishedChange, SharedMessage, SharedSession } from "@holdfast/protocol";

/** Addresses of what the build made, as `Assets` of the manifest names them. */
export type PageAssets = { script: string; styles: readonly string[] };

/** The session of a read link, readable without script. */
export type SharedPageRequest = {
  page: "session";
  assets: PageAssets;
  shared: SharedSession;
  /** One page of them, in the order of the session. */
  messages: { items: readonly SharedMessage[]; next?: string | undefined };
  changes: readonly PublishedChange[];
  comments: readonly Comment[];
  /** Whether newer messages than these are on another page. */
  isOlder: boolean;
};

/** A page that its script fills: `ref` of a ref in the fragment, `list` of all shares of a publish key. */
export type EmptyPageRequest = { page: "ref" | "list"; assets: PageAssets };

/** A session that is too long to be written as a document in time: its script reads it by pages. */
export type LongPageRequest = { page: "tooLong"; assets: PageAssets; shareId: string };

/** The link leads to nothing (any more), or the service asks to come later. */
export type NoticePageRequest = { page: "gone" | "busy"; assets: PageAssets };

export type PageRequest = SharedPageRequest | EmptyPageRequest | LongPageRequest | NoticePageRequest;

/** What the document tells its script. */
export type PageFacts = { page: PageRequest["page"]; shareId?: string };

/** The element that holds the facts. */
export const FACTS_ID = "holdfast-page";
