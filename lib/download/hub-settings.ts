import { HUB_URL } from "@huggingface/hub";
import { GlobalPointerError } from "../errors.js";

/** Which hub is asked, and as whom. */
export interface HubSettings {
  /** Address of the hub, without a slash at its end. */
  endpoint: string;
  /** What proves who asks; sent to the endpoint's own host only. */
  token: string | undefined;
}

function checkEndpoint(text: string, source: string): string {
  const refuse = (problem: string): never => {
    throw new GlobalPointerError(
      "DOWNLOAD", `${source} ${problem}: give the address of a hub, such as https://host or http://host:8080/path.`,
    );
  };
  if (!URL.canParse(text)) return refuse("is no address");
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return refuse("does not start with https:// or http://");
  // It would be shown in messages, and take the place of the token.
  if (url.username !== "" || url.password !== "") return refuse("holds a user name; HF_TOKEN is the place for secrets");
  if (url.search !== "" || url.hash !== "") return refuse("has something behind its path");
  return url.href.replace(/\/+$/, "");
}

/**
 * The hub to ask: that of the flag, else `HF_ENDPOINT`, else the public one; with the token of `HF_TOKEN`.
 *
 * @throws GlobalPointerError `DOWNLOAD` when the address or the token cannot be one
 */
export function hubSettings(endpoint: string | undefined, environment: NodeJS.ProcessEnv): HubSettings {
  const fromEnvironment = environment["HF_ENDPOINT"]?.trim() ?? "";
  const token = environment["HF_TOKEN"]?.trim() ?? "";
  if (!/^[\x21-\x7e]*$/.test(token)) {
    throw new GlobalPointerError("DOWNLOAD", "HF_TOKEN holds characters that no token has: set it anew, or unset it.");
  }
  return {
    endpoint: endpoint !== undefined ? checkEndpoint(endpoint, "--endpoint")
      : fromEnvironment !== "" ? checkEndpoint(fromEnvironment, "HF_ENDPOINT") : HUB_URL,
    token: token === "" ? undefined : token,
  };
}
