//! Protocol buffers as they lie in the bytes: the few kinds of fields that OSM PBF has, read in place and without copies.
//!
//! A message is a row of fields; a field is a key (its number and how it is written) and a value. What one does not ask for is
//! skipped without being looked into, which is most of a map file: versions, dates and names of editors.
//! (Google, "Encoding", protobuf.dev.)

/// The rest of a message. `None` from its methods: the bytes are none, or are cut off.
#[derive(Clone, Copy)]
pub struct Message<'a>(pub &'a [u8]);

/// The value of a field.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// A number.
    Number(u64),
    /// Bytes: a text, a message, or a row of numbers.
    Bytes(&'a [u8]),
    /// Four or eight bytes that mean nothing here.
    Fixed,
}

impl<'a> Value<'a> {
    /// As bytes; empty for anything else.
    pub fn bytes(self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// As a number; 0 for anything else.
    pub fn number(self) -> u64 {
        if let Self::Number(number) = self { number } else { 0 }
    }
}

impl<'a> Message<'a> {
    /// The next field: its number and value; `Some(None)` at the end.
    pub fn field(&mut self) -> Option<Option<(u32, Value<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let key = self.varint()?;
        let value = match key & 7 {
            0 => Value::Number(self.varint()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some(Some((u32::try_from(key >> 3).ok()?, value)))
    }

    /// A number of variable length.
    #[inline]
    pub fn varint(&mut self) -> Option<u64> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        if first < 0x80 { Some(u64::from(first)) } else { self.longer(first) }
    }

    #[inline]
    fn longer(&mut self, first: u8) -> Option<u64> {
        let mut value = u64::from(first & 0x7f);
        for n in 1..10 {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * n);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// The numbers of a row, one after another; ends where the bytes are cut off.
    pub fn numbers(mut self) -> impl Iterator<Item = u64> + Clone + 'a {
        std::iter::from_fn(move || self.varint())
    }

    /// The signed numbers of a row that is written as differences.
    pub fn sums(mut self) -> impl Iterator<Item = i64> + 'a {
        let mut sum = 0i64;
        std::iter::from_fn(move || {
            sum = sum.wrapping_add(zigzag(self.varint()?));
            Some(sum)
        })
    }
}

/// A signed number from its unsigned form: 0, -1, 1, -2 …
#[inline]
pub fn zigzag(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_all_kinds_and_broken_ones() {
        // 1: 300, 2: "hi", 3: eight bytes, 4: four bytes, 5: a row of differences.
        let bytes = [8, 0xac, 2, 18, 2, b'h', b'i', 25, 0, 0, 0, 0, 0, 0, 0, 0, 37, 0, 0, 0, 0, 42, 3, 4, 3, 2];
        let mut message = Message(&bytes);
        let mut seen = Vec::new();
        while let Some((number, value)) = message.field().unwrap() {
            seen.push((number, value.number(), value.bytes().to_vec()));
        }
        assert_eq!(seen, [(1, 300, vec![]), (2, 0, b"hi".to_vec()), (3, 0, vec![]), (4, 0, vec![]), (5, 0, vec![4, 3, 2])]);
        assert_eq!(Message(&[4, 3, 2]).sums().collect::<Vec<_>>(), [2, 0, 1]);
        assert_eq!([0, 1, 2, 3, u64::MAX].map(zigzag), [0, -1, 1, -2, i64::MIN]);
        for broken in [&[8][..], &[8, 0x80], &[18, 5, 1], &[25, 1], &[11], &[0x80; 11], &[18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]] {
            assert!(Message(broken).field().is_none(), "{broken:?}");
        }
    }
}
