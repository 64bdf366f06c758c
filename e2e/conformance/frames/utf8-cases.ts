import { fragments, frame, opcodes } from "./frame.ts";
import { closes, type FrameCase, published } from "./frame-case.ts";

/** 6: a text message is UTF-8, whatever stands in it and however it is cut. */
const right: readonly (readonly [string, readonly number[]])[] = [
  ["U+0020 and U+007E", [0x20, 0x7e]],
  ["U+0080, the first of two bytes", [0xc2, 0x80]],
  ["U+07FF, the last of two bytes", [0xdf, 0xbf]],
  ["U+0800, the first of three bytes", [0xe0, 0xa0, 0x80]],
  ["U+D7FF, before the surrogates", [0xed, 0x9f, 0xbf]],
  ["U+E000, behind the surrogates", [0xee, 0x80, 0x80]],
  ["U+FFFD", [0xef, 0xbf, 0xbd]],
  ["U+FFFE and U+FFFF, which are no characters", [0xef, 0xbf, 0xbe, 0xef, 0xbf, 0xbf]],
  ["U+FEFF, a byte order mark", [0xef, 0xbb, 0xbf]],
  ["U+10000, the first of four bytes", [0xf0, 0x90, 0x80, 0x80]],
  ["U+1F30D", [0xf0, 0x9f, 0x8c, 0x8d]],
  ["U+10FFFF, the last", [0xf4, 0x8f, 0xbf, 0xbf]],
  ["Greek", [...Buffer.from("κόσμε")]],
  ["combining marks and right-to-left", [...Buffer.from("e\u0301 \u05e9\u05dc\u05d5\u05dd \u202e")]],
];

const wrong: readonly (readonly [string, readonly number[]])[] = [
  ["a continuation byte alone", [0x80]],
  ["the last continuation byte alone", [0xbf]],
  ["six continuation bytes", [0x80, 0xbf, 0x80, 0xbf, 0x80, 0xbf]],
  ["the first byte of two, alone", [0xc3]],
  ["the first byte of three, alone", [0xe2]],
  ["two bytes of three", [0xe2, 0x82]],
  ["the first byte of four, alone", [0xf0]],
  ["two bytes of four", [0xf0, 0x9f]],
  ["three bytes of four", [0xf0, 0x9f, 0x8c]],
  ["0xFE", [0xfe]],
  ["0xFF", [0xff]],
  ["0xFE 0xFE 0xFF 0xFF", [0xfe, 0xfe, 0xff, 0xff]],
  ["`/` in two bytes", [0xc0, 0xaf]],
  ["`/` in three bytes", [0xe0, 0x80, 0xaf]],
  ["`/` in four bytes", [0xf0, 0x80, 0x80, 0xaf]],
  ["`/` in five bytes", [0xf8, 0x80, 0x80, 0x80, 0xaf]],
  ["`/` in six bytes", [0xfc, 0x80, 0x80, 0x80, 0x80, 0xaf]],
  ["U+007F in two bytes", [0xc1, 0xbf]],
  ["U+07FF in three bytes", [0xe0, 0x9f, 0xbf]],
  ["U+FFFF in four bytes", [0xf0, 0x8f, 0xbf, 0xbf]],
  ["U+0000 in two bytes", [0xc0, 0x80]],
  ["U+D800, a surrogate", [0xed, 0xa0, 0x80]],
  ["U+DBFF, a surrogate", [0xed, 0xaf, 0xbf]],
  ["U+DC00, a surrogate", [0xed, 0xb0, 0x80]],
  ["U+DFFF, a surrogate", [0xed, 0xbf, 0xbf]],
  ["a pair of surrogates", [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]],
  ["U+110000, behind the last", [0xf4, 0x90, 0x80, 0x80]],
  ["U+1FFFFF", [0xf7, 0xbf, 0xbf, 0xbf]],
  ["five bytes", [0xf8, 0x88, 0x80, 0x80, 0x80]],
  ["six bytes", [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]],
];

const deviation = "a text frame that is not UTF-8";

export function utf8Cases(): FrameCase[] {
  const cases: FrameCase[] = [];
  for (const [name, bytes] of right) {
    const data = Buffer.from(bytes);
    cases.push({
      row: "W3",
      text: `text with ${name}`,
      writes: ({ withText }) => frame({ opcode: opcodes.text, payload: withText(data) }),
      outcome: published,
    });
    if (data.length < 2) continue;
    cases.push({
      row: "W3",
      text: `text with ${name}, in frames of one byte`,
      writes: ({ withText }) => {
        const command = withText(data);
        return Buffer.concat(
          fragments(
            opcodes.text,
            command,
            Array.from({ length: command.length - 1 }, (_, i) => i + 1),
          ),
        );
      },
      outcome: published,
    });
  }
  for (const [name, bytes] of wrong) {
    const data = Buffer.from(bytes);
    const outcome = closes(1007);
    const real = { outcome: published, deviation };
    cases.push(
      {
        row: "W3",
        text: `text with ${name}`,
        writes: ({ withText }) => frame({ opcode: opcodes.text, payload: withText(data) }),
        outcome,
        real,
      },
      {
        row: "W3",
        text: `text with ${name}, in frames of ten bytes`,
        writes: ({ withText }) => {
          const command = withText(data);
          return Buffer.concat(
            fragments(
              opcodes.text,
              command,
              Array.from({ length: Math.floor((command.length - 1) / 10) }, (_, i) => (i + 1) * 10),
            ),
          );
        },
        outcome,
        real,
      },
    );
  }
  return cases;
}
