//! Unpacks gzip as it arrives: any number of members, and zeros after them, as gzip itself accepts.

use flate2::write::GzDecoder;
use std::io::{self, Write};

/// First bytes of a gzip file. No line of S3 begins like that.
pub(crate) const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Number of packed bytes that are unpacked at once. Gzip compresses by at most a factor of a thousand.
const AT_ONCE: usize = 1024;

/// Unpacks one file.
pub(crate) struct Unpacking {
    member: GzDecoder<Vec<u8>>,
    begun: bool,
}

impl Unpacking {
    /// Creates an empty unpacker.
    pub(crate) fn new() -> Self {
        Self { member: GzDecoder::new(Vec::new()), begun: false }
    }

    /// Unpacks a chunk. If it is damaged, what was unpacked before is still handed over.
    pub(crate) fn take(&mut self, chunk: &[u8], mut each: impl FnMut(&[u8])) -> io::Result<()> {
        for part in chunk.chunks(AT_ONCE) {
            let taken = self.part(part, &mut each);
            self.hand_over(&mut each);
            if taken.is_err() {
                // The decoder has held some of it back.
                let _ = self.end(&mut each);
            }
            taken?;
        }
        Ok(())
    }

    fn part(&mut self, mut packed: &[u8], each: &mut impl FnMut(&[u8])) -> io::Result<()> {
        loop {
            if !self.begun {
                let zeros = packed.iter().take_while(|byte| **byte == 0).count();
                packed = packed.get(zeros..).unwrap_or_default();
            }
            if packed.is_empty() {
                return Ok(());
            }
            self.begun = true;
            match self.member.write(packed)? {
                // The member has ended.
                0 => {
                    self.end(each)?;
                    *self = Self::new();
                }
                length => packed = packed.get(length..).unwrap_or_default(),
            }
        }
    }

    /// Ends the file.
    pub(crate) fn end(&mut self, each: &mut impl FnMut(&[u8])) -> io::Result<()> {
        let ended = if self.begun { self.member.try_finish() } else { Ok(()) };
        self.hand_over(each);
        ended
    }

    fn hand_over(&mut self, each: &mut impl FnMut(&[u8])) {
        let unpacked = self.member.get_mut();
        each(unpacked);
        unpacked.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).expect("a vector takes all");
        encoder.finish().expect("a vector takes all")
    }

    /// Returns the result of unpacking a file in chunks of this length, and whether the file was complete.
    fn unpacked(file: &[u8], length: usize) -> (Vec<u8>, bool) {
        let (mut unpacking, mut all) = (Unpacking::new(), Vec::new());
        let mut each = |bytes: &[u8]| all.extend_from_slice(bytes);
        let mut taken = file.chunks(length).try_for_each(|chunk| unpacking.take(chunk, &mut each));
        if taken.is_ok() {
            taken = unpacking.end(&mut each);
        }
        (all, taken.is_ok())
    }

    #[test]
    fn members_and_the_zeros_behind_them_are_one_file() {
        let (one, two) = (b"one\n".repeat(5_000), b"two\n".repeat(9));
        let file = [packed(&one), packed(&two), vec![0; 3_000]].concat();
        for length in [1, 7, 1_000, 1 << 20] {
            assert_eq!(unpacked(&file, length), ([one.clone(), two.clone()].concat(), true), "{length}");
        }
    }

    #[test]
    fn what_was_unpacked_before_the_damage_is_kept() {
        let text: Vec<u8> = (0..20_000).flat_map(|number: u32| format!("{number}\n").into_bytes()).collect();
        let whole = packed(&text);
        let last = whole.len() - 6;
        let mut other_sum = whole.clone();
        other_sum.iter_mut().skip(last).take(1).for_each(|byte| *byte ^= 1);
        let garbage = [whole.as_slice(), b"garbage"].concat();
        for (file, why) in [(&other_sum, "its sum is not right"), (&garbage, "there is something behind it")] {
            for length in [1, 1_000, 1 << 20] {
                assert_eq!(unpacked(file, length), (text.clone(), false), "{why}, {length}");
            }
        }
        let half = whole.get(..whole.len() / 2).expect("half of it");
        let (kept, is_whole) = unpacked(half, 1_000);
        assert!(!is_whole && text.starts_with(&kept) && kept.len() > text.len() / 3, "{}", kept.len());
    }
}
