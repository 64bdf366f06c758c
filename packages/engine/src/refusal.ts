/** An expected refusal of the server API, with its code (102 unknown channel, 107 bad request, 108 not available, 112 ...). */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
