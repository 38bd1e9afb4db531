//! Names of villages: the word of the kind stands in `kind`, not in the name.

use super::model::LocalityKind;
use super::problems::KIND_IN_NAME;
use crate::kernel::http::problem::{FieldCode, Problem, Result};
use crate::kernel::value::text::plain;

/// Takes the kind off a name, as in `làng Tung`. In `Thôn 9` it is part of the name. Diacritics are compared: Lang may begin a name.
pub fn bare(name: &str, kind: LocalityKind) -> Result<String, FieldCode> {
    let words: Vec<&str> = name.split_whitespace().collect();
    let begins = |kind: &LocalityKind| {
        let label = kind.label_vi();
        let (head, rest) = words.split_at_checked(label.split(' ').count())?;
        (!rest.is_empty() && plain(&head.join(" ")) == plain(label)).then(|| (*kind, rest.join(" ")))
    };
    match LocalityKind::ALL.iter().filter(|kind| kind.is_of_village()).find_map(begins) {
        Some((spoken, _)) if spoken != kind => Err(KIND_IN_NAME),
        Some((_, rest)) if !rest.starts_with(|c: char| c.is_ascii_digit()) => Ok(rest),
        _ => Ok(name.to_owned()),
    }
}

/// The same for the field `name` of a body.
pub fn checked(name: &str, kind: LocalityKind) -> Result<String> {
    bare(name, kind).map_err(|code| Problem::field("#/name", code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_before_a_name_is_no_part_of_it() {
        let lang = |name| bare(name, LocalityKind::Lang);
        assert_eq!(lang("làng Tung").as_deref(), Ok("Tung"));
        assert_eq!(lang("LÀNG  Hle Hlang").as_deref(), Ok("Hle Hlang"));
        for name in ["Tung", "Làng", "Làng 9", "Lang Biang"] {
            assert_eq!(lang(name).as_deref(), Ok(name));
        }
        assert_eq!(bare("Tổ dân phố Hòa Bình", LocalityKind::ToDanPho).as_deref(), Ok("Hòa Bình"));
    }

    #[test]
    fn another_kind_before_a_name_is_refused() {
        for name in ["thôn Tung", "Buôn Tung", "Thôn 9"] {
            assert_eq!(bare(name, LocalityKind::Lang), Err(KIND_IN_NAME), "{name}");
        }
    }
}
