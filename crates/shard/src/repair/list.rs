//! The file `LOST` in the folder beside: what a repair says is lost, written before anything is.
//! A repair that goes on after an interruption could not find it out any more; and its owner can
//! read it. A line for each thing, with tabs between its parts, the last one with a checksum of the
//! others.

use super::lost::{Fate, LostConcept, LostEdge};
use super::{LeftOut, Repair};
use crate::check::read_file;
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::Path;
use sutra_env::{Env, replace_file};
use sutra_format::checksum::crc32c;
use sutra_format::{AssociationClass, ConceptId};

/// Name of the file.
pub(super) const NAME: &str = "LOST";
const FIRST_LINE: &str = "sutra repair 1";
const END: &str = "end";

/// Writes the list. It is on disk when this returns.
///
/// # Errors
/// `Io`, `DiskFull`.
pub(super) fn save(env: &Env, shard: &Path, aside: &Path, repair: &Repair) -> Result<()> {
    let path = aside.join(NAME);
    let mut text = lines_of(shard, repair);
    let checksum = crc32c(text.as_bytes());
    text.push_str(&line(&[END, &format!("{checksum:08x}")]));
    let saved = replace_file(env.disk.as_ref(), &path, text.as_bytes());
    saved.map_err(|error| Error::io(&path, "write", &error))
}

/// Reads the list; nothing if there is none that is as it was written.
///
/// # Errors
/// `Io`.
pub(super) fn load(env: &Env, shard: &Path, aside: &Path) -> Result<Option<Repair>> {
    let path = aside.join(NAME);
    match read_file(env, &path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(&path, "read", &error)),
        Ok(bytes) => Ok(parse(shard, &bytes)),
    }
}

/// What two runs say of which the second one found new damage to what the first one had saved.
pub(super) fn join(before: Repair, now: Repair) -> Repair {
    let mut left_out = before.left_out;
    for file in now.left_out {
        if !left_out.iter().any(|known| known.file == file.file) {
            left_out.push(file);
        }
    }
    let concepts = before.concepts.into_iter().chain(now.concepts);
    let concepts: BTreeMap<_, _> = concepts.map(|lost| (lost.id, lost)).collect();
    let edges = before.edges.into_iter().chain(now.edges).map(|lost| {
        let key = (lost.source, lost.target, lost.label.clone(), lost.class);
        (key, lost)
    });
    let edges: BTreeMap<_, _> = edges.collect();
    Repair {
        is_sound: false,
        is_manifest_rebuilt: before.is_manifest_rebuilt || now.is_manifest_rebuilt,
        left_out,
        log_ends_at: before.log_ends_at.or(now.log_ends_at),
        concepts: concepts.into_values().collect(),
        edges: edges.into_values().collect(),
        aside: None,
    }
}

fn lines_of(shard: &Path, repair: &Repair) -> String {
    let mut text = line(&[FIRST_LINE]);
    if repair.is_manifest_rebuilt {
        text.push_str(&line(&["manifest"]));
    }
    if let Some(seqno) = repair.log_ends_at {
        text.push_str(&line(&["log", &seqno.to_string()]));
    }
    for LeftOut { file, readable, total } in &repair.left_out {
        // The folder may be at another place when the repair goes on.
        let file = file.strip_prefix(shard).unwrap_or(file).to_string_lossy();
        let total = total.map_or("-".to_owned(), |total| total.to_string());
        text.push_str(&line(&["file", &readable.to_string(), &total, &file]));
    }
    for lost in &repair.concepts {
        let (id, fate) = (lost.id.to_string(), fate_text(lost.fate));
        let parts = ["concept", &id, &fate].into_iter().chain(lost.key.as_deref());
        text.push_str(&line(&parts.collect::<Vec<_>>()));
    }
    for lost in &repair.edges {
        let (source, target) = (lost.source.to_string(), lost.target.to_string());
        let (class, fate) = (format!("{:?}", lost.class), fate_text(lost.fate));
        let parts = ["association", &source, &target, &class, &fate];
        let parts = parts.into_iter().chain(lost.label.as_deref());
        text.push_str(&line(&parts.collect::<Vec<_>>()));
    }
    text
}

fn line(parts: &[&str]) -> String {
    let escaped: Vec<String> = parts.iter().map(|part| escape(part)).collect();
    escaped.join("\t") + "\n"
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | '\t' | '\n' | '\r' => drop(write!(escaped, "{}", letter.escape_default())),
            letter => escaped.push(letter),
        }
    }
    escaped
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next()? {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                '\\' => '\\',
                _ => return None,
            },
            letter => letter,
        });
    }
    Some(plain)
}

fn fate_text(fate: Fate) -> String {
    match fate {
        Fate::Gone => "gone".into(),
        Fate::Older { seqno } => format!("older {seqno}"),
        Fate::Partly { seqno } => format!("partly {seqno}"),
        Fate::NoVector => "no vector".into(),
    }
}

fn parse_fate(text: &str) -> Option<Fate> {
    match text.split_once(' ') {
        None => (text == "gone").then_some(Fate::Gone),
        Some(("no", "vector")) => Some(Fate::NoVector),
        Some(("older", seqno)) => Some(Fate::Older { seqno: seqno.parse().ok()? }),
        Some(("partly", seqno)) => Some(Fate::Partly { seqno: seqno.parse().ok()? }),
        Some(_) => None,
    }
}

fn parse(shard: &Path, bytes: &[u8]) -> Option<Repair> {
    let text = str::from_utf8(bytes).ok()?;
    let (lines, end) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let lines_bytes = bytes.get(..=lines.len())?;
    let checksum = end.strip_prefix(END)?.strip_prefix('\t')?;
    if checksum != format!("{:08x}", crc32c(lines_bytes)) {
        return None;
    }
    let lines = lines.strip_prefix(FIRST_LINE)?;
    let mut repair = Repair::default();
    for line in lines.split('\n').skip(1) {
        let parts: Option<Vec<String>> = line.split('\t').map(unescape).collect();
        let parts = parts?;
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        take_line(shard, &parts, &mut repair)?;
    }
    Some(repair)
}

fn take_line(shard: &Path, parts: &[&str], repair: &mut Repair) -> Option<()> {
    let id = |text: &str| ConceptId::from_hex(text.as_bytes());
    match *parts {
        ["manifest"] => repair.is_manifest_rebuilt = true,
        ["log", seqno] => repair.log_ends_at = Some(seqno.parse().ok()?),
        ["file", readable, total, file] => repair.left_out.push(LeftOut {
            file: shard.join(file),
            readable: readable.parse().ok()?,
            total: if total == "-" { None } else { Some(total.parse().ok()?) },
        }),
        ["concept", concept, fate, ref key @ ..] => repair.concepts.push(LostConcept {
            id: id(concept)?,
            key: key.first().map(|key| (*key).to_owned()),
            fate: parse_fate(fate)?,
        }),
        ["association", source, target, class, fate, ref label @ ..] => {
            let named = |known: &AssociationClass| format!("{known:?}") == class;
            repair.edges.push(LostEdge {
                source: id(source)?,
                target: id(target)?,
                class: AssociationClass::ALL.into_iter().find(named)?,
                label: label.first().map(|label| (*label).to_owned()),
                fate: parse_fate(fate)?,
            });
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything(shard: &Path) -> Repair {
        let id = |number: u8| ConceptId([number; 16]);
        let fates = [
            Fate::Gone,
            Fate::Older { seqno: 3 },
            Fate::Partly { seqno: u64::MAX },
            Fate::NoVector,
        ];
        let keys = [None, Some("plain"), Some("tab\tline\nback\\slash"), Some("")];
        let numbered = (1..).zip(fates).zip(keys);
        let concepts = numbered.map(|((number, fate), key)| {
            let key = key.map(str::to_owned);
            LostConcept { id: id(number), key, fate }
        });
        let edge = |label: Option<&str>| LostEdge {
            source: id(1),
            target: id(2),
            class: AssociationClass::Causal,
            label: label.map(str::to_owned),
            fate: Fate::Gone,
        };
        let left_out = |name: &str, total| LeftOut { file: shard.join(name), readable: 4, total };
        Repair {
            is_manifest_rebuilt: true,
            left_out: vec![left_out("segments/0000000001.seg", Some(9)), left_out("wal/1", None)],
            log_ends_at: Some(12),
            concepts: concepts.collect(),
            edges: vec![edge(None), edge(Some("knows\r"))],
            ..Repair::default()
        }
    }

    #[test]
    fn a_list_is_read_as_written_also_at_another_place_and_not_when_it_was_changed() {
        let dir = tempfile::tempdir().unwrap();
        let (env, shard) = (Env::real(), Path::new("one/shard-00"));
        for repair in [Repair::default(), everything(shard)] {
            save(&env, shard, dir.path(), &repair).unwrap();
            assert_eq!(load(&env, shard, dir.path()).unwrap(), Some(repair));
        }
        let moved = Path::new("another");
        assert_eq!(load(&env, moved, dir.path()).unwrap(), Some(everything(moved)));
        let bytes = read_file(&env, &dir.path().join(NAME)).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(parse(shard, &changed), None, "byte {at}");
            assert_eq!(parse(shard, &bytes[..at]), None, "cut at {at}");
        }
        assert_eq!(load(&env, shard, &dir.path().join("none")).unwrap(), None);
    }

    #[test]
    fn new_damage_is_added_to_what_was_lost_before() {
        let shard = Path::new("shard");
        let before = everything(shard);
        let newer = LostConcept { id: ConceptId([2; 16]), key: None, fate: Fate::Gone };
        let now = Repair { concepts: vec![newer.clone()], ..Repair::default() };
        let joined = join(before.clone(), now);
        assert!(joined.concepts.contains(&newer));
        assert_eq!(joined.concepts.len(), before.concepts.len());
        assert_eq!((joined.edges, joined.left_out), (before.edges, before.left_out));
    }
}
