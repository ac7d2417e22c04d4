//! The file `MANIFEST`: which files a shard consists of, apart from its log, and what is in them.
//!
//! ```text
//! magic 8 | version 4 | zero 4 | store id 16 | generation 8 | floor seqno 8 | floor time 8 |
//! history floor seqno 8 | next file number 4 | labels 4 | concepts 8 | edges 8 | vectors 8 |
//! written 8 | segments 4 | vector files 4 | namespaces 4 | zero 4 |
//! segments: number 4 | checksum 4 | file bytes 8 | first seqno 8 | last seqno 8 |
//! vector files: number 4 | checksum 4 | file bytes 8 | namespace 4 | first row 4 | last row 4 |
//!   rows 4 | dead rows 4 | zero 4 |
//! namespaces: next row 4 | checksum 4
//! ```

use crate::FORMAT_VERSION;
use crate::checksum::crc32c;
use crate::cursor::Cursor;
use crate::decode_error::{DecodeError, Problem};
use crate::wal_segment::check_version;

/// First bytes of the file.
pub const MAGIC: [u8; 8] = *b"SUTMAN\r\n";

const VERSION_AT: usize = MAGIC.len();
const SEGMENT_BYTES: usize = 32;
const VECTORS_BYTES: usize = 40;
const NAMESPACE_BYTES: usize = 4;

/// A segment file, oldest first in the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestSegment {
    /// Number of the file.
    pub number: u32,
    /// Checksum of its footer.
    pub checksum: u32,
    /// Its length.
    pub file_bytes: u64,
    /// First commit that may be in it.
    pub first_seqno: u64,
    /// Last commit that may be in it.
    pub last_seqno: u64,
}

/// A file of vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestVectors {
    /// Number of the file.
    pub number: u32,
    /// Checksum of its footer.
    pub checksum: u32,
    /// Its length.
    pub file_bytes: u64,
    /// Number of the namespace.
    pub namespace: u32,
    /// Lowest row in it.
    pub first_row: u32,
    /// Highest row in it.
    pub last_row: u32,
    /// Rows in it.
    pub rows: u32,
    /// Of these, replaced or deleted since.
    pub dead_rows: u32,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// The store it belongs to.
    pub store_id: [u8; 16],
    /// Counts the manifests written.
    pub generation: u64,
    /// Everything up to this commit is in the files.
    pub floor_seqno: u64,
    /// When that was committed, in microseconds from 1970.
    pub floor_time_us: u64,
    /// Reads as of an earlier commit than this are not complete.
    pub history_floor_seqno: u64,
    /// No file has this number or a higher one.
    pub next_file_number: u32,
    /// Labels in the files.
    pub labels: u32,
    /// Concepts that exist at the floor.
    pub concepts: u64,
    /// Associations that exist at the floor.
    pub edges: u64,
    /// Concepts with a vector that exist at the floor.
    pub vectors: u64,
    /// Operations up to the floor that changed something.
    pub written: u64,
    /// Oldest first.
    pub segments: Vec<ManifestSegment>,
    /// In no order.
    pub vector_files: Vec<ManifestVectors>,
    /// For each namespace in the files, the row that its next vector gets.
    pub next_rows: Vec<u32>,
}

impl Manifest {
    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.store_id);
        let places =
            [self.generation, self.floor_seqno, self.floor_time_us, self.history_floor_seqno];
        append_u64s(&places, &mut bytes);
        append_u32s(&[self.next_file_number, self.labels], &mut bytes);
        append_u64s(&[self.concepts, self.edges, self.vectors, self.written], &mut bytes);
        let counts = [self.segments.len(), self.vector_files.len(), self.next_rows.len(), 0];
        append_u32s(&counts.map(|count| count as u32), &mut bytes);
        for segment in &self.segments {
            append_u32s(&[segment.number, segment.checksum], &mut bytes);
            let numbers = [segment.file_bytes, segment.first_seqno, segment.last_seqno];
            append_u64s(&numbers, &mut bytes);
        }
        for file in &self.vector_files {
            append_u32s(&[file.number, file.checksum], &mut bytes);
            append_u64s(&[file.file_bytes], &mut bytes);
            let rows = [file.first_row, file.last_row, file.rows, file.dead_rows, 0];
            append_u32s(&[file.namespace], &mut bytes);
            append_u32s(&rows, &mut bytes);
        }
        append_u32s(&self.next_rows, &mut bytes);
        bytes.extend_from_slice(&crc32c(&bytes).to_le_bytes());
        bytes
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Anything but what [`Manifest::encode`] of this or an older format version made.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.array::<8>()? != MAGIC {
            return Err(DecodeError { offset: 0, problem: Problem::Magic });
        }
        let checksum_at = bytes.len().saturating_sub(size_of::<u32>());
        let stored = Cursor::new(bytes.get(checksum_at..).unwrap_or_default()).u32()?;
        let computed = crc32c(bytes.get(..checksum_at).unwrap_or_default());
        if stored != computed {
            let problem = Problem::Checksum { stored, computed };
            return Err(DecodeError { offset: checksum_at, problem });
        }
        check_version(VERSION_AT, cursor.u32()?)?;
        cursor.u32()?;
        let mut manifest = Self {
            store_id: cursor.array()?,
            generation: cursor.u64()?,
            floor_seqno: cursor.u64()?,
            floor_time_us: cursor.u64()?,
            history_floor_seqno: cursor.u64()?,
            next_file_number: cursor.u32()?,
            labels: cursor.u32()?,
            concepts: cursor.u64()?,
            edges: cursor.u64()?,
            vectors: cursor.u64()?,
            written: cursor.u64()?,
            ..Self::default()
        };
        let counts_at = cursor.offset();
        let counts = [cursor.u32()?, cursor.u32()?, cursor.u32()?].map(|count| count as usize);
        cursor.u32()?;
        let [segments, vector_files, namespaces] = counts;
        let listed = [(segments, SEGMENT_BYTES), (vector_files, VECTORS_BYTES)];
        let listed: u64 = listed.iter().map(|(count, bytes)| (count * bytes) as u64).sum();
        let expected = listed + (namespaces * NAMESPACE_BYTES + size_of::<u32>()) as u64;
        if expected != cursor.remaining() as u64 {
            return Err(DecodeError::value(counts_at, "number of files"));
        }
        for _ in 0..segments {
            manifest.segments.push(decode_segment(&mut cursor)?);
        }
        for _ in 0..vector_files {
            manifest.vector_files.push(decode_vectors(&mut cursor)?);
        }
        for _ in 0..namespaces {
            manifest.next_rows.push(cursor.u32()?);
        }
        match manifest.contradiction() {
            Some(field) => Err(DecodeError::value(counts_at, field)),
            None => Ok(manifest),
        }
    }

    /// Name of a field that cannot be as it is beside the others.
    fn contradiction(&self) -> Option<&'static str> {
        let mut last = 0;
        for segment in &self.segments {
            let follows = segment.first_seqno > last && segment.first_seqno <= segment.last_seqno;
            if !follows || segment.last_seqno > self.floor_seqno {
                return Some("commits of a segment");
            }
            last = segment.last_seqno;
        }
        let fits = |file: &ManifestVectors| {
            let numbers = file.last_row.checked_sub(file.first_row).map(|more| u64::from(more) + 1);
            let next = self.next_rows.get(file.namespace as usize);
            (1..=numbers.unwrap_or(0)).contains(&u64::from(file.rows))
                && file.dead_rows <= file.rows
                && next.is_some_and(|next| file.last_row < *next)
        };
        if !self.vector_files.iter().all(fits) {
            return Some("rows of a vector file");
        }
        let mut numbers: Vec<u32> = self.segments.iter().map(|file| file.number).collect();
        numbers.extend(self.vector_files.iter().map(|file| file.number));
        numbers.sort_unstable();
        let are_distinct = numbers.windows(2).all(|pair| pair.first() != pair.last());
        let are_below = numbers.last().is_none_or(|last| *last < self.next_file_number);
        (!are_distinct || !are_below).then_some("number of a file")
    }
}

fn append_u64s(numbers: &[u64], to: &mut Vec<u8>) {
    to.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn append_u32s(numbers: &[u32], to: &mut Vec<u8>) {
    to.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
}

fn decode_segment(cursor: &mut Cursor<'_>) -> Result<ManifestSegment, DecodeError> {
    Ok(ManifestSegment {
        number: cursor.u32()?,
        checksum: cursor.u32()?,
        file_bytes: cursor.u64()?,
        first_seqno: cursor.u64()?,
        last_seqno: cursor.u64()?,
    })
}

fn decode_vectors(cursor: &mut Cursor<'_>) -> Result<ManifestVectors, DecodeError> {
    let file = ManifestVectors {
        number: cursor.u32()?,
        checksum: cursor.u32()?,
        file_bytes: cursor.u64()?,
        namespace: cursor.u32()?,
        first_row: cursor.u32()?,
        last_row: cursor.u32()?,
        rows: cursor.u32()?,
        dead_rows: cursor.u32()?,
    };
    cursor.u32()?;
    Ok(file)
}

#[cfg(test)]
mod tests;
