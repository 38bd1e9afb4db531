//! Official lists, read from the files in `data/`, which are compiled in.

use std::collections::HashMap;

use crate::kernel::value::enums::CatalogueItem;

const ETHNIC_GROUPS: &str = include_str!("../../../data/ethnic_groups.csv");
const POVERTY_DIMENSIONS: &str = include_str!("../../../data/poverty_dimensions.csv");
const RURAL_CRITERIA: &str = include_str!("../../../data/ntm_village_criteria.csv");

/// Returns the rows of a CSV file with a header line.
pub fn rows(file: &str) -> impl Iterator<Item = HashMap<String, String>> {
    csv::Reader::from_reader(file.as_bytes()).into_deserialize().flatten()
}

fn cell<'a>(row: &'a HashMap<String, String>, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

/// Returns the 54 ethnic groups by their official code, without the dated names in the file.
pub fn ethnic_groups() -> Vec<CatalogueItem> {
    rows(ETHNIC_GROUPS)
        .map(|row| CatalogueItem::new(cell(&row, "code"), cell(&row, "name"), cell(&row, "name")))
        .collect()
}

/// Returns other spellings of the names of the groups, with their codes; dated names are not included.
pub fn ethnic_group_spellings() -> Vec<(String, String)> {
    let spellings = |row: HashMap<String, String>| {
        let variants: Vec<String> =
            cell(&row, "spelling_variants").split(';').map(|name| name.trim().to_owned()).collect();
        let code = cell(&row, "code").to_owned();
        variants.into_iter().filter(|name| !name.is_empty()).map(move |name| (name, code.clone()))
    };
    rows(ETHNIC_GROUPS).flat_map(spellings).collect()
}

pub fn is_ethnic_group(code: &str) -> bool {
    code.len() == 2
        && code.bytes().all(|byte| byte.is_ascii_digit())
        && code.parse::<u8>().is_ok_and(|number| (1..=54).contains(&number))
}

/// Returns the six basic services and their twelve indicators by Decree 07/2021/NĐ-CP.
pub fn poverty_dimensions() -> Vec<CatalogueItem> {
    rows(POVERTY_DIMENSIONS)
        .filter(|row| matches!(cell(row, "record_type"), "service" | "indicator"))
        .map(|row| {
            let mut item = CatalogueItem::new(cell(&row, "code"), cell(&row, "name_vi"), cell(&row, "name_en"));
            item.parent_code = Some(cell(&row, "parent_code").to_owned()).filter(|code| !code.is_empty());
            item
        })
        .collect()
}

/// Returns the nineteen criteria for new-rural villages (S4).
pub fn rural_criteria() -> Vec<CatalogueItem> {
    rows(RURAL_CRITERIA)
        .map(|row| CatalogueItem::new(cell(&row, "no"), cell(&row, "name_vi"), cell(&row, "name_en")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        let groups = ethnic_groups();
        assert_eq!(groups.len(), 54);
        assert!(groups.iter().all(|group| is_ethnic_group(&group.code)));
        assert!(!is_ethnic_group("55") && !is_ethnic_group("00") && !is_ethnic_group("+1"));
        let dimensions = poverty_dimensions();
        assert_eq!(dimensions.iter().filter(|item| item.parent_code.is_some()).count(), 12);
        assert_eq!(dimensions.iter().filter(|item| item.parent_code.is_none()).count(), 6);
        assert_eq!(rural_criteria().len(), 19);
    }
}
