/** The time, in UTC, as part of a folder's name: `20260131-235959`. */
export function timestamp(): string {
  return new Date().toISOString().replace(/\..*$/, "").replace(/[-:]/g, "").replace("T", "-");
}
