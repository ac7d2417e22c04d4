//! CRC32C (Castagnoli), the checksum of every byte this project writes.
//!
//! Polynomial 0x1EDC6F41, as in RFC 3720 section 12.1, so any other implementation reads our files.

use crc_fast::CrcAlgorithm::Crc32Iscsi;

/// CRC32C of `bytes`.
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::checksum(Crc32Iscsi, bytes) as u32
}

#[cfg(test)]
mod tests {
    use super::crc32c;

    #[test]
    fn agrees_with_the_published_check_value() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(crc32c(b""), 0);
    }
}
