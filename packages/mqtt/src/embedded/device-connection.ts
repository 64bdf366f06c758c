import type { Socket } from "node:net";
import type { Client } from "aedes";
import { generate } from "mqtt-packet";
import { AckWindow } from "../wire/ack-window.ts";
import type { ConnectRequest, Will } from "../wire/connect.ts";
import { decodeConnect } from "../wire/connect.ts";
import { PacketFramer } from "../wire/packet-framer.ts";
import { type ConnackCode, encodeConnack, PacketType } from "../wire/packet-type.ts";
import { headerFault } from "./admission.ts";
import { AedesLink, type LinkOwner } from "./aedes-link.ts";
import { admitMachine } from "./authentication.ts";
import type { BrokerContext } from "./broker-context.ts";
import { Hold } from "./hold.ts";
import { InboundPublishes } from "./inbound-publishes.ts";
import type { Machine } from "./machine-registry.ts";
import { handlePacket } from "./packet-handlers.ts";

/**
 * One device's socket: the guard (table M) and the inbound half of the broker.
 *
 * Every PUBLISH of a device is handed to the handler from here and answered from here; aedes never sees one. Three
 * reasons. D1 and D2: aedes acknowledges before its hooks run and handles the packets of one socket concurrently, so
 * order and commit-before-PUBACK need a queue of our own anyway. Cost: through aedes a QoS 1 message is parsed again,
 * runs three asynchronous series and the fan-out of a broker where usually nobody listens. And no hook that changes in
 * aedes can then acknowledge something early. aedes keeps what it is good at: sessions, subscriptions, take-over,
 * deliveries with their packet ids, retained messages on subscribe. What it sees is already checked.
 */

export interface Attached {
  readonly machine: Machine;
  readonly internalId: string;
  readonly clean: boolean;
  readonly client: Client;
  readonly link: AedesLink;
  will: Will | undefined;
}

type Phase =
  | { readonly name: "opened" }
  | { readonly name: "authenticating" }
  /** aedes opens the session; its CONNACK ends this phase. */
  | { readonly name: "attaching"; readonly attached: Omit<Attached, "machine">; readonly vmId: string }
  | { readonly name: "connected"; readonly attached: Attached }
  | { readonly name: "closed" };

/** How a connection ends. `counted`: the guard did it, so it is in `stats.refused`. */
interface Ending {
  readonly reason: string;
  readonly counted: boolean;
  /** The will is due: the machine did not say goodbye and no newer connection of it took over (I8). */
  readonly will: boolean;
  readonly graceful: boolean;
}

export class DeviceConnection implements LinkOwner {
  readonly context: BrokerContext;
  readonly remoteAddress: string;
  readonly loopback: boolean;
  /** The machine that the device's certificate names; undefined where it showed none. */
  readonly certificate: string | undefined;
  readonly window: AckWindow = new AckWindow();
  readonly inbound: InboundPublishes;
  /** From here the time to authenticate runs: accepted, or read again after a pause of ours. */
  openedMs: number;
  /** Monotonic time of the last complete packet; a byte a second does not count as life (SlowITe). */
  lastPacketMs: number;
  /** 1.5 times the agreed keep-alive [MQTT-3.1.2-24]. */
  keepaliveMs = 0;
  /** Stands in the broker's list of connections to flush at the end of this tick. */
  flushPending = false;
  readonly #socket: Socket;
  readonly #framer: PacketFramer;
  #phase: Phase = { name: "opened" };
  #holds = 0;
  #pumping = false;
  #peerGone = false;
  /** An older connection of this session was ended for it, and nobody was told that the machine was gone in between. */
  #tookOver = false;

  constructor(context: BrokerContext, socket: Socket, loopback: boolean, certificate: string | undefined) {
    this.context = context;
    this.#socket = socket;
    this.loopback = loopback;
    this.certificate = certificate;
    this.remoteAddress = socket.remoteAddress ?? "";
    this.openedMs = this.lastPacketMs = context.clock.monotonicMs();
    this.inbound = new InboundPublishes(this);
    this.#framer = new PacketFramer((first, lengthBytes) => headerFault(first, lengthBytes, this.#phase.name !== "opened", context.limits));
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("drain", () => this.#drained());
    socket.on("close", () => this.#peerLeft());
    // The reason of a reset or a timeout tells nothing that `close` after it does not.
    socket.on("error", () => undefined);
  }

  get authenticated(): boolean {
    return this.#phase.name === "connected";
  }
  get closed(): boolean {
    return this.#phase.name === "closed";
  }
  get attached(): Attached | undefined {
    return this.#phase.name === "connected" ? this.#phase.attached : undefined;
  }
  /** Held by us, not by the peer: its silence is then no sign that it is gone. */
  get heldByUs(): boolean {
    return (this.#holds & (Hold.paused | Hold.window | Hold.subscribing)) !== 0;
  }

  hold(why: Hold): void {
    if (this.#holds === 0) this.#socket.pause();
    this.#holds |= why;
  }

  release(why: Hold): void {
    if ((this.#holds & why) === 0) return;
    this.#holds &= ~why;
    if (this.#holds !== 0) return;
    this.lastPacketMs = this.context.clock.monotonicMs();
    if (!this.authenticated) this.openedMs = this.lastPacketMs;
    this.#pump();
    if (this.#holds === 0 && !this.closed && !this.#peerGone) this.#socket.resume();
  }

  /** Writes the answers that became ready. */
  flush(): void {
    const answers = this.window.take();
    if (answers !== undefined) this.writeToSocket(answers);
  }

  writeToSocket(bytes: Buffer): boolean {
    if (this.closed || this.#peerGone || this.#socket.destroyed) return true;
    if (this.#socket.write(bytes)) return true;
    // Who does not read our answers gets no more packets read: otherwise unread PUBACKs pile up here.
    this.hold(Hold.socketFull);
    return false;
  }

  /** A violation: closed at once, counted; the will is due [MQTT-3.1.2-8]. */
  refuse(reason: string): void {
    this.#end({ reason, counted: true, will: true, graceful: false });
  }

  /** DISCONNECT: the only end without a will [MQTT-3.14.4-3]. Answers that are ready leave first. */
  disconnected(): void {
    this.flush();
    this.#end({ reason: "disconnect", counted: false, will: false, graceful: true });
  }

  /** A newer connection of the same session, or of the same machine beyond its bound, is there: no will (I8). */
  takenOver(): void {
    if (this.#phase.name === "connected") this.#phase.attached.will = undefined;
  }

  /** Ended from our side without a fault of the device: broker stop, revocation. No will: the machine did nothing. */
  end(reason: string): void {
    this.flush();
    this.#end({ reason, counted: false, will: false, graceful: true });
  }

  linkEnded(): void {
    this.#end({ reason: "delivery_failed", counted: true, will: true, graceful: false });
  }

  linkReady(): void {
    const phase = this.#phase;
    if (phase.name !== "attaching") return;
    const machine = this.context.machines.enter(phase.vmId, this);
    this.#phase = { name: "connected", attached: { ...phase.attached, machine } };
    this.#endOldestBeyondBound(machine);
    this.context.handler.connection?.({ vmId: phase.vmId, connected: true });
    this.release(Hold.connecting);
  }

  #receive(chunk: Buffer): void {
    if (this.closed) return;
    this.#framer.push(chunk);
    if (this.#holds === 0) this.#pump();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#holds === 0 && !this.closed && this.#framer.next()) this.#packet();
    this.#pumping = false;
    if (this.#framer.violation !== undefined) this.refuse(this.#framer.violation);
    else if (this.#peerGone && this.#holds === 0) this.#end({ reason: "peer_gone", counted: false, will: true, graceful: false });
  }

  #packet(): void {
    this.lastPacketMs = this.context.clock.monotonicMs();
    const { first, bytes, start, end } = this.#framer;
    const phase = this.#phase;
    if (phase.name === "connected") {
      if (first >> 4 === PacketType.publish) this.inbound.take(phase.attached, first, bytes, start, end);
      else handlePacket(this, phase.attached, first, bytes, start, end);
      return;
    }
    const verdict = decodeConnect(bytes, start, end, this.context.limits);
    if (verdict.kind === "close") {
      this.refuse(verdict.reason);
      return;
    }
    if (verdict.kind === "refuse") {
      this.#refuseWithCode(verdict.code, verdict.reason);
      return;
    }
    this.hold(Hold.connecting);
    this.#phase = { name: "authenticating" };
    void admitMachine(this, verdict.request).then((admission) => {
      if (this.#phase.name !== "authenticating") return;
      if (admission.ok) this.#attach(admission.vmId, admission.internalId, verdict.request);
      else this.#refuseWithCode(admission.code, admission.reason);
    });
  }

  /** Opens the session in aedes under a name that no other machine can have (A2); keep-alive and will stay with us. */
  #attach(vmId: string, internalId: string, request: ConnectRequest): void {
    const { context } = this;
    const keepaliveS = request.keepaliveS === 0 ? context.limits.keepaliveSMax : Math.min(request.keepaliveS, context.limits.keepaliveSMax);
    this.keepaliveMs = keepaliveS * 1500;
    const holder = context.machines.holderOf(internalId);
    this.#tookOver = holder !== undefined;
    holder?.takenOver();
    context.machines.hold(internalId, this);
    if (!request.clean) context.sessions.open(internalId, vmId);
    const link = new AedesLink(this, context.limits.outboundBytesMax);
    const client = context.aedes.handle(link);
    this.#phase = { name: "attaching", vmId, attached: { internalId, clean: request.clean, client, link, will: request.will } };
    const { level: protocolVersion, clean } = request;
    const protocolId = protocolVersion === 3 ? "MQIsdp" : "MQTT";
    link.push(generate({ cmd: "connect", protocolId, protocolVersion, clean, clientId: internalId, keepalive: 0 }));
  }

  #refuseWithCode(code: ConnackCode, reason: string): void {
    this.writeToSocket(encodeConnack(code));
    this.#end({ reason, counted: true, will: false, graceful: true });
  }

  #endOldestBeyondBound(machine: Machine): void {
    const excess = machine.connections.size - this.context.limits.connectionsPerMachineMax;
    for (const connection of [...machine.connections].slice(0, Math.max(0, excess))) {
      connection.takenOver();
      connection.refuse("connections_per_machine");
    }
  }

  #drained(): void {
    this.release(Hold.socketFull);
    this.#link()?.drained();
  }

  /** What arrived before the peer left is still taken: a DISCONNECT may lie behind a held PUBLISH, and a QoS 0 message counts. */
  #peerLeft(): void {
    if (this.closed) return;
    this.#peerGone = true;
    this.release(Hold.socketFull);
    const waits = this.#phase.name === "connected" && this.#framer.bufferedBytes > 0 && this.#holds !== 0;
    if (!waits && !this.closed) this.#end({ reason: "peer_gone", counted: false, will: true, graceful: false });
  }

  #link(): AedesLink | undefined {
    return this.#phase.name === "connected" || this.#phase.name === "attaching" ? this.#phase.attached.link : undefined;
  }

  #end(ending: Ending): void {
    const phase = this.#phase;
    if (phase.name === "closed") return;
    this.#phase = { name: "closed" };
    const { context } = this;
    if (ending.counted) {
      const vmId = phase.name === "connected" ? phase.attached.machine.vmId : undefined;
      context.counters.refuse(ending.reason, { remote: this.remoteAddress, vm: vmId });
    }
    this.#closeSocket(ending.graceful);
    context.connectionEnded(this);
    if (phase.name !== "connected" && phase.name !== "attaching") return;
    const { internalId, link, will, clean } = phase.attached;
    const newest = context.machines.holderOf(internalId) === this;
    context.machines.release(internalId, this);
    if (newest && !clean) context.sessions.rest(internalId);
    link.destroy();
    if (phase.name === "attaching") {
      const gone = this.#tookOver && newest && context.machines.get(phase.vmId) === undefined;
      if (gone) context.handler.connection?.({ vmId: phase.vmId, connected: false });
      return;
    }
    const { machine } = phase.attached;
    const last = context.machines.leave(machine, this);
    if (ending.will && will !== undefined && newest && !this.#replacedFor(will, machine)) context.publishWill(machine, will);
    // Taken over: the newer connection says that the machine is there, and it was never gone (F24).
    if (last && newest) context.handler.connection?.({ vmId: machine.vmId, connected: false, graceful: ending.graceful });
  }

  /** A device that makes up a client id at each start never takes over its half-open old connection: the same will on a newer one says it did (I8). */
  #replacedFor(will: Will, machine: Machine): boolean {
    for (const other of machine.connections) {
      if (other.openedMs >= this.openedMs && other.attached?.will?.topic === will.topic) return true;
    }
    return false;
  }

  /**
   * Graceful: what was written (CONNACK, PUBACKs) still leaves, what still comes in is read and ignored, and a peer that
   * does not close within a second is cut. Otherwise at once: a violation needs no goodbye.
   */
  #closeSocket(graceful: boolean): void {
    const socket = this.#socket;
    if (!graceful || this.#peerGone || socket.destroyed) {
      socket.destroy();
      return;
    }
    socket.end();
    socket.resume();
    const cancel = this.context.clock.schedule(closeLimitMs, () => socket.destroy());
    socket.once("close", cancel);
  }
}

const closeLimitMs = 1_000;
