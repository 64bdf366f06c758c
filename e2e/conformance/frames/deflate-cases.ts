import { createHash } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { every, fragments, frame, opcodes } from "./frame.ts";
import { closes, type FrameCase, type Outcome, pongs, published } from "./frame-case.ts";

/** 12 and 13: messages that a client compressed, once both ends agreed to it. */
const { continuation, text, binary, ping, close } = opcodes;
const compressed = 4;
const protocolError = closes(1002);
const notInflated = { outcome: closes(3501), deviation: "a compressed message that cannot be inflated" };
const markIgnored = (outcome: Outcome) => ({ outcome, deviation: "the mark of compression on a continuation or a control frame" });
const beyondWire = { outcome: closes(1009), deviation: "`websocket.compression`: the limit of a message" };

/** As RFC 7692 wants it: ended by an empty block, whose last four bytes are left out. */
function deflated(data: Uint8Array, level = 6): Buffer {
  return deflateRawSync(data, { level, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

/** Text that cannot be made much smaller. */
function noise(length: number): string {
  let digits = "";
  for (let n = 0; digits.length < length; n++) digits += createHash("sha256").update(String(n)).digest("base64");
  return digits.slice(0, length);
}

export function deflateCases(): FrameCase[] {
  return [...lengths(), ...blocks(), ...reservedBits(), ...limits()];
}

function lengths(): FrameCase[] {
  const cases: FrameCase[] = [];
  for (const [name, opcode] of [
    ["text", text],
    ["binary", binary],
  ] as const) {
    for (const length of [100, 125, 1_000, 8_192, 32_768, 65_536, 131_072, 655_360]) {
      cases.push({
        row: "W9",
        text: `a compressed ${name} message of ${length} bytes`,
        writes: ({ ofLength }) => frame({ opcode, payload: deflated(ofLength(length)), rsv: compressed }),
        outcome: published,
      });
    }
    for (const size of [1, 10, 50]) {
      cases.push({
        row: "W9",
        text: `a compressed ${name} message of 8192 bytes in frames of ${size}`,
        writes: ({ ofLength }) => {
          const payload = deflated(ofLength(8_192));
          return Buffer.concat(fragments(opcode, payload, every(size, payload.length), compressed));
        },
        outcome: published,
      });
    }
    cases.push(
      {
        row: "W9",
        text: `a ${name} message that is not compressed`,
        writes: ({ ofLength }) => frame({ opcode, payload: ofLength(300) }),
        outcome: published,
      },
      {
        row: "W9",
        text: `a ${name} message that compression makes longer`,
        writes: ({ withText }) => frame({ opcode, payload: deflated(withText(noise(400))), rsv: compressed }),
        outcome: published,
      },
      {
        row: "W9",
        text: `an empty compressed ${name} message is no command`,
        writes: () => frame({ opcode, payload: Buffer.from([0]), rsv: compressed }),
        outcome: closes(3501),
      },
    );
  }
  return cases;
}

/** What a deflate stream may look like. */
function blocks(): FrameCase[] {
  return [
    {
      row: "W9",
      text: "blocks that are only stored",
      writes: ({ ofLength }) => frame({ opcode: text, payload: deflated(ofLength(500), 0), rsv: compressed }),
      outcome: published,
    },
    {
      row: "W9",
      text: "two blocks",
      writes: ({ ofLength }) => {
        const command = ofLength(500);
        const first = deflateRawSync(command.subarray(0, 250), { finishFlush: constants.Z_SYNC_FLUSH });
        return frame({ opcode: text, payload: Buffer.concat([first, deflated(command.subarray(250))]), rsv: compressed });
      },
      outcome: published,
    },
    {
      row: "W9",
      text: "a last block with its mark, and an empty one behind it",
      writes: ({ ofLength }) =>
        frame({ opcode: text, payload: Buffer.concat([deflateRawSync(ofLength(500)), Buffer.from([0])]), rsv: compressed }),
      outcome: published,
    },
    {
      row: "W9",
      text: "fixed codes",
      writes: ({ ofLength }) => {
        const payload = deflateRawSync(ofLength(500), { strategy: constants.Z_FIXED, finishFlush: constants.Z_SYNC_FLUSH });
        return frame({ opcode: text, payload: payload.subarray(0, -4), rsv: compressed });
      },
      outcome: published,
    },
    {
      row: "W9",
      text: "bytes that are no deflate stream",
      writes: () => frame({ opcode: text, payload: Buffer.alloc(40, 0xff), rsv: compressed }),
      outcome: closes(1007),
      real: notInflated,
    },
    {
      row: "W9",
      text: "a block of a type that there is none of",
      writes: () => frame({ opcode: text, payload: Buffer.from([0x07, 0x00]), rsv: compressed }),
      outcome: closes(1007),
      real: notInflated,
    },
    {
      row: "W9",
      text: "compressed text that is not UTF-8",
      writes: ({ withText }) => frame({ opcode: text, payload: deflated(withText(Buffer.from([0xff]))), rsv: compressed }),
      outcome: closes(1007),
      real: { outcome: published, deviation: "a text frame that is not UTF-8" },
    },
    {
      row: "W9",
      text: "two compressed messages, each on its own",
      writes: ({ ofLength }) =>
        Buffer.concat([
          frame({ opcode: text, payload: deflated(Buffer.from('{"id":7,"unsubscribe":{"channel":"none"}}')), rsv: compressed }),
          frame({ opcode: text, payload: deflated(ofLength(500)), rsv: compressed }),
        ]),
      outcome: published,
    },
  ];
}

function reservedBits(): FrameCase[] {
  const cases: FrameCase[] = [
    {
      row: "W9",
      text: "the mark of compression on a continuation",
      writes: () =>
        Buffer.concat([frame({ opcode: text, payload: "{", fin: false }), frame({ opcode: continuation, payload: "}", rsv: compressed })]),
      outcome: protocolError,
      real: markIgnored(closes(3501)),
    },
    {
      row: "W9",
      text: "the mark of compression on a ping",
      writes: () => frame({ opcode: ping, payload: "a", rsv: compressed }),
      outcome: protocolError,
      real: markIgnored(pongs("a")),
    },
    {
      row: "W9",
      text: "the mark of compression on a close frame",
      writes: () => frame({ opcode: close, payload: Buffer.from([3, 232]), rsv: compressed }),
      outcome: protocolError,
      real: markIgnored(closes(1000)),
    },
    {
      row: "W9",
      text: "a ping between the frames of a compressed message",
      writes: ({ ofLength }) => {
        const [first, ...rest] = fragments(text, deflated(ofLength(500)), [5], compressed);
        return Buffer.concat([first!, frame({ opcode: opcodes.pong }), ...rest]);
      },
      outcome: published,
    },
  ];
  for (const rsv of [1, 2, 3, 5, 6, 7]) {
    cases.push({
      row: "W9",
      text: `reserved bits ${rsv.toString(2).padStart(3, "0")}, of which only the first was agreed on`,
      writes: () => frame({ opcode: text, payload: deflated(Buffer.from("{}")), rsv }),
      outcome: protocolError,
    });
  }
  return cases;
}

function limits(): FrameCase[] {
  return [
    {
      row: "W4",
      text: "a compressed message of 655361 bytes",
      writes: ({ ofLength }) => frame({ opcode: text, payload: deflated(ofLength(655_361)), rsv: compressed }),
      outcome: closes(1009),
    },
    {
      row: "W4",
      text: "50 MB of zeros in 50 KB",
      writes: () => frame({ opcode: text, payload: deflated(Buffer.alloc(50_000_000)), rsv: compressed }),
      outcome: closes(1009),
    },
    {
      row: "W4",
      text: "50 MB of zeros in frames of 100 bytes",
      writes: () => {
        const payload = deflated(Buffer.alloc(50_000_000));
        return Buffer.concat(fragments(text, payload, every(100, payload.length), compressed));
      },
      outcome: closes(1009),
    },
    {
      row: "W4",
      text: "100000 bytes that are 75 KB on the wire",
      writes: ({ withText }) => frame({ opcode: text, payload: deflated(withText(noise(100_000))), rsv: compressed }),
      outcome: published,
      real: beyondWire,
    },
    {
      row: "W4",
      text: "100000 bytes that are not compressed",
      writes: ({ ofLength }) => frame({ opcode: text, payload: ofLength(100_000) }),
      outcome: published,
      real: beyondWire,
    },
    {
      row: "W4",
      text: "a megabyte that is not compressed",
      writes: () => frame({ opcode: text, payload: Buffer.alloc(1_000_000, "x") }),
      outcome: closes(1009),
    },
  ];
}
