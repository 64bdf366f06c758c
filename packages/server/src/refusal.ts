/** Something that was asked for and cannot be; `code` is a stable word, the message is for the person. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
