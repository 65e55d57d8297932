import { z } from "zod";

/*
 * What a user may have to say about a file beyond the name of its format. Every key is optional; each format lists
 * those that it looks at. docs/formats.md tells what they mean.
 */

const column = z.int("a whole number, 0 or more").min(0, "a whole number, 0 or more");
const flag = z.boolean("true or false");

export const formatOptionsSchema = z.strictObject({
  /** Whether an end position is that of the last character, or the one after it. */
  endInclusive: flag.optional(),
  /** What positions count. */
  offsets: z.enum(["utf16", "codePoint"], "one of \"utf16\", \"codePoint\"").optional(),
  /** Column of the token, from 0. */
  tokenColumn: column.optional(),
  /** Columns of tags, from 0; several are layers of nested entities. */
  tagColumns: z.array(column, "a list of whole numbers").min(1, "a list of at least one whole number").optional(),
  scheme: z.enum(
    ["auto", "bio", "iob1", "bioes", "bmes"], "one of \"auto\", \"bio\", \"iob1\", \"bioes\", \"bmes\"",
  ).optional(),
  /** What stands between two tokens of the text. */
  join: z.enum(["auto", "", " "], "one of \"auto\", \"\", \" \"").optional(),
  /** Whether each token is one character with the digit of its place in the word behind it. */
  positionDigits: flag.optional(),
}, "an object");

export type FormatOptions = z.output<typeof formatOptionsSchema>;

export type FormatOption = keyof FormatOptions;
