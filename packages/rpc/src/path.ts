/** Where capnweb is spoken, behind whichever listener. */
export const RPC_PATH = "/api/rpc";
