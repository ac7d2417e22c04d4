//! Numbers in as few bytes as they need: 7 bits in each, low bits first, the high bit set in all
//! but the last.

const BITS: u32 = 7;
const MORE: u8 = 1 << BITS;
/// 35 bits, enough for what is written: at most 33 bits.
const BYTES_MAX: usize = 5;

/// Appends a number of at most 35 bits.
pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= u64::from(MORE) {
        out.push(number.to_le_bytes()[0] | MORE);
        number >>= BITS;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Reads a number. Nothing if the bytes end before it does or it has more than 5 bytes.
#[inline]
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    if first < MORE {
        *bytes = rest;
        return Some(u64::from(first));
    }
    take_long(bytes)
}

fn take_long(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    let mut rest = *bytes;
    for at in 0..BYTES_MAX as u32 {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        number |= u64::from(byte & !MORE) << (at * BITS);
        if byte < MORE {
            *bytes = rest;
            return Some(number);
        }
    }
    None
}

/// Passes over numbers and gives their bytes. Nothing if there are fewer.
pub(super) fn skip<'a>(bytes: &mut &'a [u8], count: u64) -> Option<&'a [u8]> {
    let Some(last) = count.checked_sub(1) else { return Some(&[]) };
    let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte < MORE);
    let (end, _) = ends.nth(usize::try_from(last).ok()?)?;
    let (passed, rest) = bytes.split_at_checked(end + 1)?;
    *bytes = rest;
    Some(passed)
}

#[cfg(test)]
mod tests {
    use super::{put, skip, take};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(numbers in proptest::collection::vec(0..1_u64 << 35, 0..40)) {
            let mut bytes = Vec::new();
            for number in &numbers {
                put(&mut bytes, *number);
            }
            let mut rest = bytes.as_slice();
            for number in &numbers {
                prop_assert_eq!(take(&mut rest), Some(*number));
            }
            prop_assert_eq!(take(&mut rest), None);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(skip(&mut rest, numbers.len() as u64), Some(bytes.as_slice()));
            prop_assert_eq!(skip(&mut rest, 1), None);
        }
    }

    #[test]
    fn endless_numbers_are_refused() {
        let mut bytes: &[u8] = &[0xFF; 9];
        assert_eq!(take(&mut bytes), None);
        assert_eq!(bytes.len(), 9);
    }
}
