/** A frame is not what the protocol allows: disconnect 3501. Thrown and caught inside the codecs only. */
export class ProtocolViolation extends Error {
  override readonly name = "ProtocolViolation";
}
