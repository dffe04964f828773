//! Damage to files, as transfers, editors and attackers do it. The same number gives the same damage.

/// A small generator of pseudo-random numbers (SplitMix64, Steele et al. 2014): good enough to choose damage with.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(0x9E37_79B9_7F4A_7C15))
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { (self.roll() % n as u64) as usize }
    }

    /// A number of any order of magnitude below 2 to the power of `bits`.
    fn spread(&mut self, bits: usize) -> usize {
        let magnitude = self.below(bits + 1);
        self.below(1 << magnitude)
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// Numbers that readers count, multiply or allocate by.
pub const NUMBERS: [&str; 16] = [
    "1e308", "-1e308", "-1", "0", "4294967295", "4294967296", "2147483648", "9223372036854775807", "18446744073709551616", "NaN", "inf", "1e-320", "0.5",
    "99999999999999999999999999999999999999", "-0", "1e400",
];

/// Text that means something in one format or another.
pub const WORDS: [&str; 30] = [
    "null", "\0", "\r", "\n", "\"", "'", "\\", "<", ">", "&", "&#0;", "&#x110000;", "&a;", "<!DOCTYPE a [<!ENTITY a \"b\">]>", "<!--", "]]>", "<![CDATA[", "/>", "[]",
    "{}", "[", "{", "]", "}", ",", "#1", "$", "\u{feff}", "\u{202e}", "../../../etc/passwd",
];

/// No fixture grows beyond this: the readers' own memory is what is watched.
const LARGEST: usize = 4 << 20;

/// A damaged copy: one to six kinds of damage on top of each other.
pub fn damage(bytes: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..1 + dice.below(6) {
        once(&mut out, other, dice);
        out.truncate(LARGEST);
    }
    out
}

fn once(out: &mut Vec<u8>, other: &[u8], dice: &mut Dice) {
    let at = dice.below(out.len());
    let end = at + dice.spread(14).min(out.len() - at);
    match dice.below(13) {
        0 => out.truncate(at),
        1 | 2 if !out.is_empty() => out[at] ^= 1 << dice.below(8),
        3 if !out.is_empty() => out[at] = dice.roll() as u8,
        4 => {
            let chunk: Vec<u8> = out.drain(at..end).collect();
            let to = dice.below(out.len());
            out.splice(to..to, chunk);
        }
        5 => drop(out.drain(at..end)),
        6 => {
            let chunk = out[at..end].to_vec();
            let times = 1 + dice.spread(10);
            let all = chunk.repeat(times.min(LARGEST / 4 / chunk.len().max(1)));
            out.splice(at..at, all);
        }
        7 | 8 => number(out, dice),
        9 => {
            let word = dice.pick(&WORDS).as_bytes();
            out.splice(at..at, word.iter().copied());
        }
        10 => {
            let open = dice.pick(&["[", "{\"a\":", "<a>", "((", "<gml:a xmlns:gml=\"x\">", "[[0,", "#9=IFCX(("]);
            let deep = open.repeat(1 + dice.spread(17));
            out.splice(at..at, deep.into_bytes());
        }
        11 if out.len() >= 4 => {
            let at = at.min(out.len() - 4);
            let value: u32 = [u32::MAX, 0x7fff_ffff, 0x8000_0000, 0, 1, 0xffff][dice.below(6)];
            let bytes = if dice.below(2) == 0 { value.to_le_bytes() } else { value.to_be_bytes() };
            out[at..at + 4].copy_from_slice(&bytes);
        }
        _ if !other.is_empty() => {
            let from = dice.below(other.len());
            let to = from + dice.below((other.len() - from).min(4096));
            out.splice(at..end, other[from..to].iter().copied());
        }
        _ => out.push(b' '),
    }
}

/// Puts another number where one stands.
fn number(out: &mut Vec<u8>, dice: &mut Dice) {
    let digit = |b: &u8| b.is_ascii_digit() || matches!(b, b'.' | b'-');
    let from = dice.below(out.len());
    let Some(start) = out[from..].iter().position(digit).map(|i| i + from) else { return };
    let end = out[start..].iter().position(|b| !digit(b)).map_or(out.len(), |i| i + start);
    out.splice(start..end, dice.pick(&NUMBERS).bytes());
}
