//! Deserialises fields of a JSON merge patch (RFC 7396), which are absent, null or a value. In a struct of
//! changes these are `None`, `Some(None)` and `Some(Some(value))`, as in diesel's changesets; a field that
//! cannot be cleared is an `Option` and rejects null.

use serde::{Deserialize, Deserializer};

/// For fields that null clears: `#[serde(default, deserialize_with = "patch::clearable")]`.
pub fn clearable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Some)
}

/// For fields that always have a value: `#[serde(default, deserialize_with = "patch::present")]`.
pub fn present<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Changes {
        #[serde(default, deserialize_with = "super::clearable")]
        note: Option<Option<String>>,
        #[serde(default, deserialize_with = "super::present")]
        name: Option<String>,
    }

    fn read(json: &str) -> Result<Changes, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn absent_keeps_null_clears_a_value_replaces() {
        assert_eq!(read("{}").unwrap(), Changes { note: None, name: None });
        assert_eq!(read(r#"{"note":null}"#).unwrap().note, Some(None));
        assert_eq!(read(r#"{"note":"a"}"#).unwrap().note, Some(Some("a".into())));
        assert_eq!(read(r#"{"name":"a"}"#).unwrap().name, Some("a".into()));
        assert!(read(r#"{"name":null}"#).is_err(), "a name cannot be cleared");
    }
}
