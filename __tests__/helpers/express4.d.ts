/** An alias of Express 4: what the tests use of it is typed alike in both versions. */
declare module "express4" {
  import express from "express";
  export default express;
}
