import { BlockIndex, blockBytes, rolled, windowHash } from "./block-index.ts";
import { checksum, digitCount, mark, writeInteger } from "./format.ts";

export interface DeltaLimits {
  /** A delta of more bytes is given up. */
  readonly bytesMax: number;
  /**
   * Whole UTF-8 characters only are inserted, so that the delta of two texts is a text itself: the JSON protocol carries it in a
   * string.
   */
  readonly asText: boolean;
}

/** Blocks with one hash that are tried for a window: sources that repeat themselves would otherwise cost their square. */
const candidatesMax = 16;
/** Bytes compared for each byte of source and target together, before the rest is inserted as it is. */
const comparedPerByteMax = 8;

/**
 * A Fossil delta from `source` to `target`, or undefined where it would be larger than `bytesMax`. Time and memory grow with the
 * sizes, whatever the bytes are.
 */
export function createDelta(source: Uint8Array, target: Uint8Array, limits: DeltaLimits): Uint8Array | undefined {
  const writer = new DeltaWriter(target, limits);
  const head = commonHead(source, target);
  const tail = commonTail(source, target, head);
  // Most updates change a few bytes in the middle: both ends are then copied without looking for anything.
  writer.match(0, 0, head);
  const end = target.length - tail;
  if (end - writer.done >= blockBytes && source.length >= blockBytes) findBlocks(source, target, end, writer);
  writer.match(source.length - tail, end, tail);
  return writer.finish();
}

function commonHead(source: Uint8Array, target: Uint8Array): number {
  const max = Math.min(source.length, target.length);
  let length = 0;
  while (length < max && source[length] === target[length]) length++;
  return length;
}

function commonTail(source: Uint8Array, target: Uint8Array, head: number): number {
  const max = Math.min(source.length, target.length) - head;
  let length = 0;
  while (length < max && source[source.length - 1 - length] === target[target.length - 1 - length]) length++;
  return length;
}

/** Copies for what of target's bytes below `end` stands somewhere in the source. */
function findBlocks(source: Uint8Array, target: Uint8Array, end: number, writer: DeltaWriter): void {
  const index = new BlockIndex(source);
  let budget = (source.length + target.length) * comparedPerByteMax;
  let at = writer.done;
  let hash = windowHash(target, at);
  while (at + blockBytes <= end && budget > 0) {
    let best = 0;
    let bestSource = 0;
    let bestTarget = 0;
    let tries = 0;
    for (let block = index.first(hash); block !== -1 && tries < candidatesMax; block = index.next(block)) {
      tries++;
      const start = block * blockBytes;
      let ahead = 0;
      while (start + ahead < source.length && at + ahead < end && source[start + ahead] === target[at + ahead]) ahead++;
      budget -= ahead + 1;
      if (ahead < blockBytes) continue;
      let back = 0;
      while (back < start && at - back > writer.done && source[start - back - 1] === target[at - back - 1]) back++;
      budget -= back;
      if (ahead + back <= best) continue;
      best = ahead + back;
      bestSource = start - back;
      bestTarget = at - back;
    }
    const jump = best > 0 && writer.match(bestSource, bestTarget, best) ? bestTarget + best : at + 1;
    if (jump === at + 1) hash = rolled(hash, target[at] ?? 0, target[at + blockBytes] ?? 0);
    else if (jump + blockBytes <= end) hash = windowHash(target, jump);
    at = jump;
  }
}

/** Collects copies in the order of the target; what lies between them is inserted. */
class DeltaWriter {
  readonly #target: Uint8Array;
  readonly #limits: DeltaLimits;
  #bytes: Uint8Array;
  #length = 0;
  #tooLarge = false;
  /** Bytes of the target that the delta makes so far. */
  done = 0;
  /** A copy that may still grow: the one behind it often goes on where it ends. */
  #copyFrom = 0;
  #copyCount = 0;

  constructor(target: Uint8Array, limits: DeltaLimits) {
    this.#target = target;
    this.#limits = limits;
    this.#bytes = new Uint8Array(Math.min(limits.bytesMax, target.length + 32));
    this.#integer(target.length);
    this.#byte(mark.newline);
  }

  /** `count` bytes at `to` are the source's at `from`. Answers false where inserting them costs no more than the copy. */
  match(from: number, to: number, count: number): boolean {
    if (this.#limits.asText) {
      const end = boundaryBefore(this.#target, to + count);
      const start = boundaryAfter(this.#target, to);
      if (start >= end) return false;
      from += start - to;
      count = end - start;
      to = start;
    }
    const grows = this.#copyCount > 0 && to === this.done && from === this.#copyFrom + this.#copyCount;
    if (grows) {
      this.#copyCount += count;
      this.done += count;
      return true;
    }
    if (count <= digitCount(count) + digitCount(from) + 2) return false;
    this.#flushCopy();
    this.#insert(to);
    this.#copyFrom = from;
    this.#copyCount = count;
    this.done = to + count;
    return true;
  }

  finish(): Uint8Array | undefined {
    this.#flushCopy();
    this.#insert(this.#target.length);
    this.#integer(checksum(this.#target));
    this.#byte(mark.end);
    return this.#tooLarge ? undefined : this.#bytes.subarray(0, this.#length);
  }

  #flushCopy(): void {
    if (this.#copyCount === 0) return;
    this.#integer(this.#copyCount);
    this.#byte(mark.copy);
    this.#integer(this.#copyFrom);
    this.#byte(mark.comma);
    this.#copyCount = 0;
  }

  /** The target's own bytes from `done` to `end`. */
  #insert(end: number): void {
    if (end <= this.done) return;
    this.#integer(end - this.done);
    this.#byte(mark.insert);
    if (this.#hasRoom(end - this.done)) {
      this.#bytes.set(this.#target.subarray(this.done, end), this.#length);
      this.#length += end - this.done;
    }
    this.done = end;
  }

  #integer(value: number): void {
    if (this.#hasRoom(digitCount(value))) this.#length = writeInteger(this.#bytes, this.#length, value);
  }

  #byte(byte: number): void {
    if (this.#hasRoom(1)) this.#bytes[this.#length++] = byte;
  }

  #hasRoom(count: number): boolean {
    if (this.#tooLarge) return false;
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return true;
    if (needed > this.#limits.bytesMax) {
      this.#tooLarge = true;
      return false;
    }
    const larger = new Uint8Array(Math.min(this.#limits.bytesMax, needed * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    return true;
  }
}

/** A byte of 10xxxxxx goes on with the character before it. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function boundaryAfter(bytes: Uint8Array, at: number): number {
  while (at < bytes.length && isContinuation(bytes[at])) at++;
  return at;
}

function boundaryBefore(bytes: Uint8Array, at: number): number {
  while (at > 0 && at < bytes.length && isContinuation(bytes[at])) at--;
  return at;
}
