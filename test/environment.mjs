// Errors and typed arrays made by the native addon belong to Node's outer realm, while each jest file
// runs in a realm of its own. Handing the outer constructors in keeps `instanceof` and toThrow(TypeError) true.
import { TestEnvironment } from "jest-environment-node";

const SHARED = [
  "Error", "TypeError", "RangeError", "ArrayBuffer", "Uint8Array", "Int32Array", "Uint32Array", "BigInt64Array",
  "Float32Array", "Float64Array",
];

export default class OuterRealmEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of SHARED) this.global[name] = globalThis[name];
    // Tests have a copy of process.env; what the addon reads is the process's own.
    this.global.setReferenceOps = (on) => {
      if (on) process.env.GP_REFERENCE_OPS = "1";
      else delete process.env.GP_REFERENCE_OPS;
    };
  }

  async teardown() {
    delete process.env.GP_REFERENCE_OPS;
    await super.teardown();
  }
}
