import type { OutgoingFetch } from "../../../outgoing/outgoing-fetch.ts";
import type { VerifierPorts } from "../verifier.ts";

/** A key set that takes longer, or is larger, is none (J12, a deviation). */
const timeoutMs = 5_000;
const keySetBytesMax = 1_048_576;

/** How the verifier reads a key set over the network. */
export function keySetFetch(outgoing: OutgoingFetch): NonNullable<VerifierPorts["fetchKeySet"]> {
  return async (url, hostVaries) => {
    const answer = await outgoing({
      method: "GET",
      url,
      headers: { accept: "application/json" },
      timeoutMs,
      answerBytesMax: keySetBytesMax,
      destination: hostVaries ? "public" : "configured",
    });
    if (answer.status !== 200) throw new Error(`it answers with status ${answer.status}`);
    return answer.body;
  };
}
