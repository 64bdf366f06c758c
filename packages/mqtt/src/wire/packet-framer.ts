/**
 * Finds packets in a stream of chunks. It allocates nothing for a packet that lies whole in one chunk, and asks `admit`
 * as soon as a fixed header is complete, so a packet that declares 256 MiB costs its header and nothing else (D3).
 *
 * Pull style: the caller stops calling `next()` whenever it wants to hold (connect pending, too much un-acknowledged),
 * and goes on later from the same byte.
 */
export class PacketFramer {
  /** Of the packet that the last `next()` found: its first byte, and where its body lies in `bytes`. */
  first = 0;
  bytes: Buffer = empty;
  start = 0;
  end = 0;
  /** Of the packet that the last `next()` found: its declared size was above `keepBytesMax`, and the body ends there. */
  truncated = false;
  /** Why the stream is broken; nothing more comes out of it then. */
  violation: string | undefined;

  readonly #admit: (first: number, lengthBytes: number) => string | undefined;
  readonly #keepBytesMax: number;
  #chunk: Buffer = empty;
  #at = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  #stage: "first" | "length" | "body" = "first";
  #header = 0;
  #length = 0;
  #shift = 0;
  #assembly: Buffer | undefined;
  #assembled = 0;

  /** Of a packet larger than `keepBytesMax` the rest is read and thrown away; absent, everything admitted is kept. */
  constructor(admit: (first: number, lengthBytes: number) => string | undefined, keepBytesMax: number = Number.POSITIVE_INFINITY) {
    this.#admit = admit;
    this.#keepBytesMax = keepBytesMax;
  }

  /** Bytes taken in and not yet given out: what a held or half-arrived packet costs. */
  get bufferedBytes(): number {
    return this.#chunk.length - this.#at + this.#waitingBytes + Math.min(this.#assembled, this.#keepBytesMax);
  }

  push(chunk: Buffer): void {
    if (this.#at >= this.#chunk.length && this.#waiting.length === 0) {
      this.#chunk = chunk;
      this.#at = 0;
      return;
    }
    this.#waiting.push(chunk);
    this.#waitingBytes += chunk.length;
  }

  /** True when a whole packet was found; false when more bytes are needed or the stream is broken. */
  next(): boolean {
    if (this.violation !== undefined) return false;
    for (;;) {
      if (this.#stage === "body") return this.#takeBody();
      if (this.#at >= this.#chunk.length && !this.#advance()) return false;
      const byte = this.#chunk[this.#at++] as number;
      if (this.#stage === "first") {
        this.#header = byte;
        this.#length = 0;
        this.#shift = 0;
        this.#stage = "length";
        continue;
      }
      this.#length |= (byte & 0x7f) << this.#shift;
      this.#shift += 7;
      if ((byte & 0x80) !== 0) {
        // A fifth length byte does not exist [MQTT-2.2.3]; others read it as a number of up to 32 GiB (M1).
        if (this.#shift >= 28) return this.#broken("malformed_length");
        continue;
      }
      const refusal = this.#admit(this.#header, this.#length);
      if (refusal !== undefined) return this.#broken(refusal);
      this.#stage = "body";
    }
  }

  #takeBody(): boolean {
    if (this.#at >= this.#chunk.length && this.#length > this.#assembled && !this.#advance()) return false;
    if (this.#assembly === undefined && this.#chunk.length - this.#at >= this.#length) {
      this.#found(this.#chunk, this.#at, this.#at + this.#length);
      this.#at = this.end;
      return true;
    }
    while (this.#assembled < this.#length) {
      if (this.#at >= this.#chunk.length && !this.#advance()) return false;
      const take = Math.min(this.#length - this.#assembled, this.#chunk.length - this.#at);
      const keep = Math.min(take, this.#keepBytesMax - this.#assembled);
      if (keep > 0) this.#chunk.copy(this.#room(this.#assembled + keep), this.#assembled, this.#at, this.#at + keep);
      this.#at += take;
      this.#assembled += take;
    }
    this.#found(this.#assembly ?? empty, 0, Math.min(this.#length, this.#keepBytesMax));
    return true;
  }

  /** Grows with what really arrived, never with what was declared. */
  #room(neededBytes: number): Buffer {
    const now = this.#assembly;
    if (now !== undefined && now.length >= neededBytes) return now;
    const next = Buffer.allocUnsafeSlow(Math.min(this.#length, Math.max(neededBytes, (now?.length ?? 512) * 2)));
    now?.copy(next, 0, 0, Math.min(this.#assembled, now.length));
    this.#assembly = next;
    return next;
  }

  #found(bytes: Buffer, start: number, end: number): void {
    this.first = this.#header;
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.truncated = end - start < this.#length;
    this.#stage = "first";
    this.#assembly = undefined;
    this.#assembled = 0;
  }

  #advance(): boolean {
    const chunk = this.#waiting.shift();
    if (chunk === undefined) {
      this.#chunk = empty;
      this.#at = 0;
      return false;
    }
    this.#waitingBytes -= chunk.length;
    this.#chunk = chunk;
    this.#at = 0;
    return chunk.length > 0 || this.#advance();
  }

  #broken(reason: string): false {
    this.violation = reason;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#chunk = empty;
    this.#at = 0;
    return false;
  }
}

const empty: Buffer = Buffer.alloc(0);
