/** Where capnweb is spoken at a Holdfast (I-20). */
export const rpcAddress = (url: string): string => `${url.replace(/\/+$/, "")}/api/rpc`;
