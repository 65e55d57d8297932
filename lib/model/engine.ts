import { GlobalPointerError, isErrorCode } from "../errors.js";
import { loadAddon, type EngineOptions, type NativeEngine } from "./native.js";

/** Gives a failed job of the engine the project's error class; misuse (TypeError, RangeError) stays what it is. */
function asProjectError(error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  return isErrorCode(error.code) ? new GlobalPointerError(error.code, error.message, { cause: error }) : error;
}

/**
 * A native engine whose promises reject with GlobalPointerError, or with TypeError or RangeError for arguments that do
 * not fit.
 *
 * @throws GlobalPointerError `SETUP` when the addon cannot be loaded
 */
export function createEngine(options: EngineOptions): NativeEngine {
  const native = new (loadAddon().Engine)(options);
  // Every method of the engine returns a promise, so one wrapper fits all.
  return new Proxy(native, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== "function") return method;
      return async (...args: unknown[]): Promise<unknown> => {
        try {
          return await Reflect.apply(method, target, args);
        } catch (error) {
          throw asProjectError(error);
        }
      };
    },
  });
}
