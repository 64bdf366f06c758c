import type { FleetEvent } from "@fleetcast/protocol";
import { CircleAlert, CircleDot, DoorOpen, MessageSquare, PackageCheck, Power, PowerOff, Vibrate } from "lucide-react";
import { isShake, isVendSuccess } from "../live/fleet-events.ts";

const severityColours = { info: "text-muted", warning: "text-warn", critical: "text-crit" } as const;

/** A sign for the kind of event, in the colour of its severity; a message that is no event when `event` is null. */
export function EventIcon({ event, size }: { event: Pick<FleetEvent, "type" | "severity"> | null; size: number }) {
  if (event === null) return <MessageSquare size={size} className="text-accent" aria-hidden />;
  const Icon = iconOf(event.type);
  const colour = isVendSuccess(event.type) ? "text-ok" : severityColours[event.severity];
  return <Icon size={size} className={colour} aria-hidden />;
}

function iconOf(type: string) {
  if (isShake(type)) return Vibrate;
  if (isVendSuccess(type)) return PackageCheck;
  switch (type) {
    case "door":
    case "door_open":
      return DoorOpen;
    case "online":
      return Power;
    case "offline":
      return PowerOff;
    case "alarm":
      return CircleAlert;
    default:
      return CircleDot;
  }
}
