//! Compares the byte maps of the pages in docs/format with encoded bytes, so that the pages and the
//! code cannot part.

/// The table `| offset | bytes | field | ...` under a heading, as (offset, bytes, field).
fn rows(page: &str, heading: &str) -> Vec<(usize, usize, String)> {
    let section = page.split("\n## ").find(|section| section.lines().next() == Some(heading));
    let section = section.unwrap_or_else(|| panic!("no heading {heading}"));
    section
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let offset = cells.next()?.parse().ok()?;
            Some((offset, cells.next()?.parse().ok()?, cells.next()?.to_owned()))
        })
        .collect()
}

/// The page gives exactly these fields, without a gap, at the places where `encoded` has them.
pub fn assert_page_describes(
    page: &str,
    heading: &str,
    encoded: &[u8],
    fields: &[(&str, Vec<u8>)],
) {
    let rows = rows(page, heading);
    let names: Vec<_> = rows.iter().map(|(_, _, name)| name.as_str()).collect();
    let expected: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected, "fields under {heading}");
    let mut end = 0;
    for ((offset, bytes, name), (_, value)) in rows.into_iter().zip(fields) {
        assert_eq!(offset, end, "offset of {name}");
        end = offset + bytes;
        assert_eq!(&encoded[offset..end], value, "{name}");
    }
    assert_eq!(end, encoded.len(), "bytes under {heading}");
}
