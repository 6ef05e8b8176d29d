export { packBeside } from "./pack.ts";
export { type Parcel, parcelOf } from "./parcel.ts";
export { Beside } from "./unpack.ts";
