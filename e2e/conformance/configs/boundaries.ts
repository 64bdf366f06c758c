import type { ConfigFile } from "../harness/rule.ts";

/** Other characters in names, no API key at all, and the API's errors as HTTP statuses. */
export const boundaries: ConfigFile = {
  http_api: { insecure: true, error_mode: "transport" },
  channel: {
    private_prefix: "@",
    namespace_boundary: "/",
    user_boundary: "~",
    user_separator: "+",
    publication_data_format: "json_object",
    namespaces: [
      { name: "open", allow_subscribe_for_client: true, allow_publish_for_client: true, allow_user_limited_channels: true },
      { name: "raw", allow_publish_for_client: true, publication_data_format: "binary" },
    ],
  },
};
