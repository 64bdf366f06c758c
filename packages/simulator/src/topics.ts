/** Topic patterns with `{vm_id}`; the layout of the server's `mqtt.topics`. */
export interface TopicPatterns {
  readonly telemetry: string;
  readonly events: string;
  readonly status: string;
  readonly cmd: string;
  readonly ack: string;
}

/** The topics of one machine. */
export type MachineTopics = TopicPatterns;

export const defaultTopicPatterns: TopicPatterns = {
  telemetry: "vm/{vm_id}/telemetry",
  events: "vm/{vm_id}/events",
  status: "vm/{vm_id}/status",
  cmd: "vm/{vm_id}/cmd",
  ack: "vm/{vm_id}/cmd/ack",
};

export function topicsOf(patterns: TopicPatterns, vmId: string): MachineTopics {
  const fill = (pattern: string): string => pattern.replaceAll("{vm_id}", vmId);
  return {
    telemetry: fill(patterns.telemetry),
    events: fill(patterns.events),
    status: fill(patterns.status),
    cmd: fill(patterns.cmd),
    ack: fill(patterns.ack),
  };
}
