/** The whole body of a request, or "too large" as soon as that is certain (H4: 413). */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array | "too large"> {
  const declared = request.headers.get("content-length");
  if (declared !== null) {
    if (Number(declared) > bytesMax) return "too large";
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.length > bytesMax ? "too large" : bytes;
  }
  if (request.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > bytesMax) return "too large";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
