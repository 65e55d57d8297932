/**
 * A message without its remedy, the part after the last colon or semicolon: for those who know a better one. Messages
 * of this project read "place: fault; remedy".
 */
export function withoutRemedy(message: string): string {
  return message.replace(/[:;] [^:;]*$/, "");
}
