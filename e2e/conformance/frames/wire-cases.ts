import { closePayload, every, fragments, frame, opcodes } from "./frame.ts";
import { alive, closes, cut, type FrameCase, pongs, published } from "./frame-case.ts";

/**
 * Table W of the reliability reference in the categories of the Autobahn test suite: 1 lengths, 2 pings, 3 reserved bits, 4 opcodes,
 * 5 fragments, 7 closing, 9 and 10 sizes. (6, UTF-8, and 12 and 13, compression, have files of their own.)
 */
const { continuation, text, binary, close, ping, pong } = opcodes;
const kinds = [
  ["text", text],
  ["binary", binary],
] as const;
const protocolError = closes(1002);
const tooBig = closes(1009);
const small = 200;
const badReason = { outcome: closes(1002), deviation: "a close reason that is not UTF-8" };

export function wireCases(): FrameCase[] {
  return [...lengths(), ...pings(), ...reservedBits(), ...reservedOpcodes(), ...fragmentation(), ...masks(), ...closing(), ...sizes()];
}

/** 1: every way to write a length, whole and in pieces. */
function lengths(): FrameCase[] {
  const cases: FrameCase[] = [];
  for (const [name, opcode] of kinds) {
    for (const length of [100, 125, 126, 127, 128, 255, 256, 1_000, 4_096, 16_384, 32_768, 65_535, 65_536]) {
      cases.push({
        row: "W8",
        text: `a ${name} message of ${length} bytes`,
        writes: ({ ofLength }) => frame({ opcode, payload: ofLength(length) }),
        outcome: published,
      });
    }
    for (const [length, pieces] of [
      [100, 1],
      [125, 1],
      [126, 1],
      [300, 1],
      [65_535, 997],
      [65_536, 997],
    ] as const) {
      cases.push({
        row: "W8",
        text: `a ${name} message of ${length} bytes in pieces of ${pieces}`,
        writes: ({ ofLength }) => frame({ opcode, payload: ofLength(length) }),
        pieces,
        outcome: published,
      });
    }
    for (const lengthBytes of [2, 8] as const) {
      cases.push({
        row: "W8",
        text: `a ${name} message of 110 bytes whose length is written in ${lengthBytes}`,
        writes: ({ ofLength }) => frame({ opcode, payload: ofLength(110), lengthBytes }),
        outcome: published,
      });
    }
    cases.push({ row: "W8", text: `an empty ${name} message is no command`, writes: () => frame({ opcode }), outcome: closes(3501) });
  }
  return cases;
}

/** 2: every ping is answered, with its payload and in order; pongs that nobody asked for are nothing. */
function pings(): FrameCase[] {
  const cases: FrameCase[] = [];
  const all125 = "\x00\xff".padEnd(125, "p");
  for (const [name, payload] of [
    ["without a payload", ""],
    ["of 5 bytes", "hello"],
    ["of bytes that are no text", "\x00\xff\xfe\xfd\x00"],
    ["of 125 bytes", all125],
  ] as const) {
    for (const pieces of [undefined, 1]) {
      cases.push({
        row: "W5",
        text: `a ping ${name}${pieces === undefined ? "" : ", byte by byte"}`,
        writes: () => frame({ opcode: ping, payload: Buffer.from(payload, "latin1") }),
        ...(pieces === undefined ? {} : { pieces }),
        outcome: pongs(payload),
      });
    }
  }
  for (const opcode of [ping, pong, close]) {
    cases.push({
      row: "W1",
      text: `a control frame (${opcode}) of 126 bytes`,
      writes: () => frame({ opcode, payload: Buffer.alloc(126, "a") }),
      outcome: protocolError,
    });
  }
  cases.push(
    { row: "W5", text: "a pong that nobody asked for", writes: () => frame({ opcode: pong }), outcome: alive },
    {
      row: "W5",
      text: "a pong with a payload that nobody asked for",
      writes: () => frame({ opcode: pong, payload: "what" }),
      outcome: alive,
    },
    {
      row: "W5",
      text: "a pong, then a ping",
      writes: () => Buffer.concat([frame({ opcode: pong, payload: "a" }), frame({ opcode: ping, payload: "b" })]),
      outcome: pongs("b"),
    },
  );
  const ten = Array.from({ length: 10 }, (_, i) => `ping ${i}`);
  for (const pieces of [undefined, 1]) {
    cases.push({
      row: "W5",
      text: `ten pings${pieces === undefined ? " at once" : ", byte by byte"}`,
      writes: () => Buffer.concat(ten.map((payload) => frame({ opcode: ping, payload }))),
      ...(pieces === undefined ? {} : { pieces }),
      outcome: pongs(...ten),
    });
  }
  return cases;
}

/** 3: nobody agreed on an extension, so no reserved bit may be set. */
function reservedBits(): FrameCase[] {
  const cases: FrameCase[] = [];
  for (const rsv of [1, 2, 3, 4, 5, 6, 7]) {
    for (const [name, opcode, payload] of [
      ["a text message", text, "{}"],
      ["a binary message", binary, "{}"],
      ["an empty text message", text, ""],
      ["a ping", ping, "a"],
      ["a pong", pong, ""],
      ["a close frame", close, closePayload(1000)],
    ] as const) {
      cases.push({
        row: "W1",
        text: `${name} with reserved bits ${rsv.toString(2).padStart(3, "0")}`,
        writes: () => frame({ opcode, payload, rsv }),
        outcome: protocolError,
      });
    }
    cases.push({
      row: "W1",
      text: `a continuation with reserved bits ${rsv.toString(2).padStart(3, "0")}`,
      writes: () => Buffer.concat([frame({ opcode: text, payload: "{", fin: false }), frame({ opcode: continuation, payload: "}", rsv })]),
      outcome: protocolError,
    });
  }
  cases.push({
    row: "W1",
    text: "a message with a reserved bit behind a good one: the good one was done",
    writes: ({ ofLength }) =>
      Buffer.concat([frame({ opcode: text, payload: ofLength(small) }), frame({ opcode: text, payload: "{}", rsv: 2 })]),
    outcome: protocolError,
  });
  return cases;
}

/** 4: opcodes that mean nothing yet. */
function reservedOpcodes(): FrameCase[] {
  const cases: FrameCase[] = [];
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    cases.push(
      { row: "W1", text: `opcode ${opcode} without a payload`, writes: () => frame({ opcode }), outcome: protocolError },
      { row: "W1", text: `opcode ${opcode} with a payload`, writes: () => frame({ opcode, payload: "{}" }), outcome: protocolError },
      {
        row: "W1",
        text: `opcode ${opcode} inside a message of several frames`,
        writes: () => Buffer.concat([frame({ opcode: text, payload: "{", fin: false }), frame({ opcode, payload: "a" })]),
        outcome: protocolError,
      },
    );
  }
  return cases;
}

/** 5: a message may come in any number of frames, with pings between them and nothing else. */
function fragmentation(): FrameCase[] {
  const cases: FrameCase[] = [];
  for (const [name, opcode] of kinds) {
    for (const size of [1, 2, 7, 50, 199]) {
      for (const pieces of [undefined, 1]) {
        cases.push({
          row: "W8",
          text: `a ${name} message in frames of ${size} bytes${pieces === undefined ? "" : ", byte by byte"}`,
          writes: ({ ofLength }) => Buffer.concat(fragments(opcode, ofLength(small), every(size, small))),
          ...(pieces === undefined ? {} : { pieces }),
          outcome: published,
        });
      }
    }
    cases.push(
      {
        row: "W8",
        text: `a ${name} message that begins and ends with an empty frame`,
        writes: ({ ofLength }) =>
          Buffer.concat([
            frame({ opcode, fin: false }),
            frame({ opcode: continuation, payload: ofLength(small), fin: false }),
            frame({ opcode: continuation }),
          ]),
        outcome: published,
      },
      {
        row: "W8",
        text: `a ${name} message of many frames, most of them empty`,
        writes: ({ ofLength }) => {
          const [first, ...rest] = fragments(opcode, ofLength(small), every(20, small));
          const empty = frame({ opcode: continuation, fin: false });
          return Buffer.concat([first!, ...rest.flatMap((one) => [empty, empty, one])]);
        },
        outcome: published,
      },
      {
        row: "W1",
        text: `a ${name} message inside another that has not ended`,
        writes: () => Buffer.concat([frame({ opcode, payload: "{", fin: false }), frame({ opcode, payload: "{}" })]),
        outcome: protocolError,
      },
      {
        row: "W1",
        text: `the first frame of a ${name} message twice`,
        writes: () => Buffer.concat([frame({ opcode, payload: "{", fin: false }), frame({ opcode, payload: "{", fin: false })]),
        outcome: protocolError,
      },
    );
  }
  for (const fin of [true, false]) {
    cases.push(
      {
        row: "W1",
        text: `a continuation of nothing${fin ? "" : ", and more to come"}`,
        writes: () => frame({ opcode: continuation, payload: "{}", fin }),
        outcome: protocolError,
      },
      {
        row: "W1",
        text: `a continuation behind a message that has ended${fin ? "" : ", and more to come"}`,
        writes: ({ ofLength }) =>
          Buffer.concat([frame({ opcode: text, payload: ofLength(small) }), frame({ opcode: continuation, payload: "{}", fin })]),
        outcome: protocolError,
      },
    );
  }
  for (const opcode of [ping, pong, close]) {
    cases.push({
      row: "W1",
      text: `a control frame (${opcode}) in pieces`,
      writes: () => Buffer.concat([frame({ opcode, payload: "a", fin: false }), frame({ opcode: continuation, payload: "b" })]),
      outcome: protocolError,
    });
  }
  cases.push(
    {
      row: "W5",
      text: "a ping between the frames of a message is answered before the message has ended",
      writes: () =>
        Buffer.concat([
          frame({ opcode: text, payload: '{"id":7,', fin: false }),
          frame({ opcode: ping, payload: "between" }),
          frame({ opcode: continuation, payload: '"unsubscribe":{"channel":"none"}}' }),
        ]),
      outcome: pongs("between"),
    },
    {
      row: "W5",
      text: "several pings and a pong between the frames of a message",
      writes: () =>
        Buffer.concat([
          frame({ opcode: text, payload: '{"id":7,', fin: false }),
          frame({ opcode: ping, payload: "one" }),
          frame({ opcode: continuation, payload: '"unsubscribe":', fin: false }),
          frame({ opcode: pong, payload: "x" }),
          frame({ opcode: ping, payload: "two" }),
          frame({ opcode: continuation, payload: '{"channel":"none"}}' }),
        ]),
      outcome: pongs("one", "two"),
    },
    {
      row: "W2",
      text: "a close frame between the frames of a message ends it",
      writes: () =>
        Buffer.concat([frame({ opcode: text, payload: "{", fin: false }), frame({ opcode: close, payload: closePayload(1000) })]),
      outcome: closes(1000),
    },
  );
  return cases;
}

/** A client's frames are masked, every one of them. */
function masks(): FrameCase[] {
  return (
    [
      ["a text message", text, "{}"],
      ["a binary message", binary, "{}"],
      ["an empty message", text, ""],
      ["a message of 200 bytes", text, "x".repeat(200)],
      ["a ping", ping, "a"],
      ["a pong", pong, ""],
      ["a close frame", close, closePayload(1000)],
    ] as const
  ).map(([name, opcode, payload]) => ({
    row: "W1",
    text: `${name} that is not masked`,
    writes: () => frame({ opcode, payload, masked: false }),
    outcome: protocolError,
  }));
}

/** 7: which close frames there are. */
function closing(): FrameCase[] {
  const cases: FrameCase[] = [
    { row: "W2", text: "a close frame without a code is answered by one", writes: () => frame({ opcode: close }), outcome: closes(1005) },
    {
      row: "W2",
      text: "a close frame with half a code",
      writes: () => frame({ opcode: close, payload: "a" }),
      outcome: protocolError,
      real: { outcome: closes(1005), deviation: "a close frame with half a code" },
    },
    {
      row: "W2",
      text: "a close frame with a reason of 123 bytes",
      writes: () => frame({ opcode: close, payload: closePayload(1000, "*".repeat(123)) }),
      outcome: closes(1000),
    },
    {
      row: "W2",
      text: "a close frame with a reason of 124 bytes",
      writes: () => frame({ opcode: close, payload: closePayload(1000, "*".repeat(124)) }),
      outcome: protocolError,
    },
    {
      row: "W2",
      text: "a close frame with a reason in many scripts",
      writes: () => frame({ opcode: close, payload: closePayload(1001, "κόσμε 世界 🌍") }),
      outcome: closes(1001),
    },
    {
      row: "W2",
      text: "two close frames",
      writes: () => Buffer.concat([1000, 1001].map((code) => frame({ opcode: close, payload: closePayload(code) }))),
      outcome: closes(1000),
    },
    {
      row: "W2",
      text: "a ping behind a close frame is not answered",
      writes: () => Buffer.concat([frame({ opcode: close, payload: closePayload(1000) }), frame({ opcode: ping, payload: "late" })]),
      outcome: closes(1000),
    },
    {
      row: "W2",
      text: "a message behind a close frame is not looked at",
      writes: () => Buffer.concat([frame({ opcode: close, payload: closePayload(1000) }), frame({ opcode: text, payload: "no JSON" })]),
      outcome: closes(1000),
    },
    {
      row: "W3",
      text: "a close frame whose reason is not UTF-8",
      writes: () => frame({ opcode: close, payload: closePayload(1000, Buffer.from([0xce, 0xba, 0xed, 0xa0, 0x80])) }),
      outcome: closes(1007),
      real: badReason,
    },
    {
      row: "W3",
      text: "a close frame whose reason ends in the middle of a character",
      writes: () => frame({ opcode: close, payload: closePayload(1000, Buffer.from([0xe4, 0xb8])) }),
      outcome: closes(1007),
      real: badReason,
    },
  ];
  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3001, 3999, 4000, 4999]) {
    cases.push({
      row: "W2",
      text: `close code ${code} is answered with itself`,
      writes: () => frame({ opcode: close, payload: closePayload(code, "why") }),
      outcome: closes(code),
    });
  }
  for (const code of [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 32_768, 65_535]) {
    cases.push({
      row: "W2",
      text: `close code ${code} is none`,
      writes: () => frame({ opcode: close, payload: closePayload(code, "why") }),
      outcome: protocolError,
    });
  }
  return cases;
}

/** 9 and 10: large messages, however they are cut, and what is too large. */
function sizes(): FrameCase[] {
  const cases: FrameCase[] = [];
  for (const [name, opcode] of kinds) {
    for (const size of [64, 256, 1_024, 1_300, 4_096, 16_384, 65_535]) {
      cases.push({
        row: "W8",
        text: `a ${name} message of 65536 bytes in frames of ${size}`,
        writes: ({ ofLength }) => Buffer.concat(fragments(opcode, ofLength(65_536), every(size, 65_536))),
        outcome: published,
      });
    }
    for (const length of [65_537, 100_000, 1_000_000]) {
      cases.push({
        row: "W4",
        text: `a ${name} message of ${length} bytes`,
        writes: () => frame({ opcode, payload: Buffer.alloc(length, "x") }),
        outcome: tooBig,
      });
    }
    for (const size of [1_000, 40_000]) {
      cases.push({
        row: "W4",
        text: `a ${name} message of 80000 bytes in frames of ${size}`,
        writes: () => Buffer.concat(fragments(opcode, Buffer.alloc(80_000, "x"), every(size, 80_000))),
        outcome: tooBig,
      });
    }
  }
  for (const declared of [65_537n, 2n ** 31n, 2n ** 32n, 2n ** 40n, 2n ** 53n, 2n ** 62n, 2n ** 63n, 2n ** 64n - 1n]) {
    cases.push({
      row: "W4",
      text: `a header that promises ${declared} bytes`,
      writes: () => frame({ opcode: text, payload: "{}", declared, lengthBytes: 8 }),
      outcome: tooBig,
      ...(declared < 2n ** 63n ? {} : { real: { outcome: cut, deviation: "a frame that promises 2^63 bytes or more" } }),
    });
  }
  cases.push(
    {
      row: "W4",
      text: "131072 frames of one byte, all of one message",
      writes: () => Buffer.concat([frame({ opcode: text, payload: "x", fin: false }), ...Array.from({ length: 131_072 }, () => oneByte)]),
      outcome: tooBig,
    },
    {
      row: "W4",
      text: "200000 empty frames, all of one message, then its end",
      writes: () =>
        Buffer.concat([
          frame({ opcode: text, payload: '{"id":7,"unsubscribe":{"channel":"none"}}', fin: false }),
          ...Array.from({ length: 200_000 }, () => emptyFrame),
          frame({ opcode: continuation }),
        ]),
      outcome: alive,
    },
    {
      row: "W5",
      text: "5000 pings at once are answered, each",
      writes: () => Buffer.concat(Array.from({ length: 5_000 }, (_, i) => frame({ opcode: ping, payload: String(i) }))),
      outcome: pongs(...Array.from({ length: 5_000 }, (_, i) => String(i))),
    },
  );
  return cases;
}

const oneByte = frame({ opcode: continuation, payload: "x", fin: false });
const emptyFrame = frame({ opcode: continuation, fin: false });
