import type { LucideIcon } from "lucide-react";
import { CloudOff, History, LoaderCircle, Radio, RefreshCw, Snail, UserX, WifiOff } from "lucide-react";
import type { MessageKey } from "../i18n/i18n.ts";
import type { LinkState, LinkView } from "../live/connection-model.ts";

interface LinkLook {
  readonly icon: LucideIcon;
  readonly colour: string;
  readonly label: MessageKey;
  readonly spins?: boolean;
}

const looks: Record<LinkState, LinkLook> = {
  live: { icon: Radio, colour: "text-ok", label: "link.live" },
  slow: { icon: Snail, colour: "text-warn", label: "link.slow" },
  "catching-up": { icon: RefreshCw, colour: "text-accent", label: "link.catching-up", spins: true },
  gap: { icon: History, colour: "text-accent", label: "link.gap" },
  reconnecting: { icon: CloudOff, colour: "text-warn", label: "link.reconnecting" },
  offline: { icon: WifiOff, colour: "text-warn", label: "link.offline" },
  "signed-out": { icon: UserX, colour: "text-crit", label: "link.signed-out" },
};

/** Before the first connection there is nothing to re-connect: it is being opened. */
export function linkLook(link: LinkView): LinkLook {
  if (link.state === "reconnecting" && !link.everConnected)
    return { icon: LoaderCircle, colour: "text-muted", label: "link.connecting", spins: true };
  return looks[link.state];
}
