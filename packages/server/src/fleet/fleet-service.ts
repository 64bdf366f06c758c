import type {
  Command,
  CommandList,
  CommandRequest,
  EventPage,
  FleetSnapshot,
  Machine,
  Series,
  SeriesField,
  Severity,
} from "@fleetcast/protocol";

/** What the screens ask of the fleet. Answers have the shapes of `/v1`. */
export interface FleetService {
  start(): Promise<void>;
  stop(): Promise<void>;
  snapshot(scope: string): Promise<FleetSnapshot>;
  machine(vmId: string): Promise<Machine | undefined>;
  knows(vmId: string): boolean;
  series(vmId: string, request: { fromMs: number; toMs: number; fields: readonly SeriesField[]; maxPoints: number }): Promise<Series>;
  events(filter: {
    vmId?: string | undefined;
    type?: string | undefined;
    severity?: Severity | undefined;
    beforeMs?: number | undefined;
    limit: number;
  }): Promise<EventPage>;
  /** Stores as queued, sends, and answers; the rest of the life comes over `user_cmd:{userId}`. */
  command(userId: string, request: CommandRequest): Promise<CommandList>;
  cancelCommand(userId: string, cmdId: string): Promise<Command | undefined>;
  commands(filter: { vmId?: string | undefined; userId?: string | undefined; limit: number }): Promise<CommandList>;
  commandById(cmdId: string): Promise<Command | undefined>;
}
