/** An expected refusal of a request to the fleet: `status`, `code` and `field` are what `/v1` answers (`ApiProblem`). */
export class FleetRefusal extends Error {
  override readonly name = "FleetRefusal";
  readonly status: 400 | 404 | 409 | 429 | 503;
  readonly code: string;
  readonly field: string | undefined;
  constructor(status: 400 | 404 | 409 | 429 | 503, code: string, message: string, field?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
  }
}
